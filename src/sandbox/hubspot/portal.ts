import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Value } from "../../core/value.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { HubspotConfig } from "./config.ts";

export interface CrmRecord {
  readonly id: string;
  readonly type: string;
  readonly created: string;
  updated: string;
  properties: Record<string, string>;
}

export interface CrmList {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly processing: string;
  readonly members: Set<string>;
}

/** What every resource of the stand-in works on. */
export interface Portal {
  readonly config: HubspotConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly records: Map<string, CrmRecord>;
  /** "0-1/email/ann@example.com" → record id. */
  readonly unique: Map<string, string>;
  readonly lists: Map<string, CrmList>;
  /** "0-1/101/0-2/202" → association type ids. */
  readonly links: Map<string, Set<number>>;
  /** "7/ann@example.com" → SUBSCRIBED or UNSUBSCRIBED. */
  readonly statuses: Map<string, string>;
  /** Occurrences of custom events, as they were sent. */
  readonly events: Record<string, Value>[];
  /** Addresses erased or blocked. */
  readonly blocked: Set<string>;
  counter: number;
}

export function createPortal(config: HubspotConfig, clock: Clock, misbehaviour: Misbehaviour): Portal {
  return {
    config,
    clock,
    misbehaviour,
    records: new Map(),
    unique: new Map(),
    lists: new Map(),
    links: new Map(),
    statuses: new Map(),
    events: [],
    blocked: new Set(),
    counter: 100,
  };
}

export function clearPortal(portal: Portal): void {
  for (const held of [portal.records, portal.unique, portal.lists, portal.links, portal.statuses, portal.blocked])
    held.clear();
  portal.events.length = 0;
}

export function nextId(portal: Portal): string {
  portal.counter += 1;
  return String(portal.counter);
}

export const now = (portal: Portal): string => portal.clock.now().toISOString();

const names: Readonly<Record<string, string>> = {
  contacts: "0-1",
  contact: "0-1",
  companies: "0-2",
  company: "0-2",
  deals: "0-3",
  deal: "0-3",
};

/** The object type's id by name or id; undefined: the portal has no such type. */
export function typeOf(portal: Portal, name: string): string | undefined {
  const id = names[name] ?? name;
  return Object.hasOwn(portal.config.unique, id) ? id : undefined;
}

export const uniqueKey = (type: string, property: string, value: string): string =>
  `${type}/${property}/${value.trim().toLowerCase()}`;

const saved = z.object({
  counter: z.int(),
  records: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      created: z.string(),
      updated: z.string(),
      properties: z.record(z.string(), z.string()),
    }),
  ),
  lists: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      type: z.string(),
      processing: z.string(),
      members: z.array(z.string()),
    }),
  ),
  links: z.array(z.tuple([z.string(), z.array(z.number())])),
  statuses: z.array(z.tuple([z.string(), z.string()])),
  events: z.array(z.record(z.string(), z.json())),
  blocked: z.array(z.string()),
});

export function snapshotPortal(portal: Portal): Value {
  return {
    counter: portal.counter,
    records: [...portal.records.values()].map((record) => ({ ...record })),
    lists: [...portal.lists.values()].map((list) => ({ ...list, members: [...list.members] })),
    links: [...portal.links].map(([pair, types]) => [pair, [...types]]),
    statuses: [...portal.statuses],
    events: [...portal.events],
    blocked: [...portal.blocked],
  };
}

export function restorePortal(portal: Portal, snapshot: unknown): void {
  const read = saved.parse(snapshot);
  clearPortal(portal);
  portal.counter = read.counter;
  for (const record of read.records) {
    portal.records.set(record.id, record);
    indexRecord(portal, record);
  }
  for (const list of read.lists) portal.lists.set(list.id, { ...list, members: new Set(list.members) });
  for (const [pair, types] of read.links) portal.links.set(pair, new Set(types));
  for (const [name, status] of read.statuses) portal.statuses.set(name, status);
  portal.events.push(...read.events);
  for (const address of read.blocked) portal.blocked.add(address);
}

export function indexRecord(portal: Portal, record: CrmRecord): void {
  for (const property of portal.config.unique[record.type] ?? []) {
    const value = record.properties[property] ?? "";
    if (value !== "") portal.unique.set(uniqueKey(record.type, property, value), record.id);
  }
}

export function unindexRecord(portal: Portal, record: CrmRecord): void {
  for (const property of portal.config.unique[record.type] ?? []) {
    const value = record.properties[property] ?? "";
    if (value !== "") portal.unique.delete(uniqueKey(record.type, property, value));
  }
}

/** Archives it: gone from lists, links and look-ups. */
export function dropRecord(portal: Portal, record: CrmRecord): void {
  unindexRecord(portal, record);
  portal.records.delete(record.id);
  for (const list of portal.lists.values()) list.members.delete(record.id);
  const end = `${record.type}/${record.id}`;
  for (const pair of portal.links.keys()) {
    if (pair.startsWith(`${end}/`) || pair.endsWith(`/${end}`)) portal.links.delete(pair);
  }
}
