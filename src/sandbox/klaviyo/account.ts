import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { KlaviyoConfig } from "./config.ts";

export interface Profile {
  readonly id: string;
  readonly created: string;
  updated: string;
  /** email, phone_number, …, location and properties. */
  attributes: Row;
  /** Channel → SUBSCRIBED or UNSUBSCRIBED, and since when; absent: never subscribed. */
  readonly consent: Map<string, { readonly consent: string; readonly at: string; readonly source: string | null }>;
}

export interface List {
  readonly id: string;
  readonly name: string;
  readonly optIn: "double_opt_in" | "single_opt_in";
  readonly created: string;
  /** Profile id → joined at. */
  readonly members: Map<string, string>;
  /** Profiles asked to confirm their subscription. */
  readonly pending: Set<string>;
  /** Profiles that unsubscribed from this list only. */
  readonly unsubscribed: Set<string>;
}

export interface ImportError {
  readonly id: string;
  readonly detail: string;
  readonly pointer: string;
  readonly payload: Value;
}

export interface ImportJob {
  readonly id: string;
  readonly created: string;
  readonly total: number;
  readonly lists: readonly string[];
  readonly profiles: readonly string[];
  readonly errors: readonly ImportError[];
  readonly lost: boolean;
  readonly cancelled: boolean;
  status: "queued" | "processing" | "complete" | "cancelled";
  pollsLeft: number;
  completed: string | null;
}

export interface Event {
  readonly id: string;
  readonly profile: string;
  readonly metric: string;
  readonly uniqueId: string;
  readonly time: string;
  readonly value: number | null;
  readonly properties: Value;
}

/** What every resource of the stand-in works on. */
export interface Account {
  readonly config: KlaviyoConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly profiles: Map<string, Profile>;
  readonly lists: Map<string, List>;
  readonly jobs: Map<string, ImportJob>;
  /** Profile, metric and unique id → the event. */
  readonly events: Map<string, Event>;
  /** Profile id → suppressed by a user since. */
  readonly suppressed: Map<string, string>;
  /** "email:ann@example.com" → profile id. */
  readonly identifiers: Map<string, string>;
  counter: number;
}

const pairs = <V extends z.ZodType>(value: V) => z.array(z.tuple([z.string(), value]));
const snapshotSchema = z.object({
  counter: z.int(),
  profiles: z.array(
    z.object({
      id: z.string(),
      created: z.string(),
      updated: z.string(),
      attributes: z.record(z.string(), z.json()),
      consent: pairs(z.object({ consent: z.string(), at: z.string(), source: z.string().nullable() })),
    }),
  ),
  lists: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      optIn: z.enum(["double_opt_in", "single_opt_in"]),
      created: z.string(),
      members: pairs(z.string()),
      pending: z.array(z.string()),
      unsubscribed: z.array(z.string()),
    }),
  ),
  jobs: z.array(z.custom<ImportJob>((job) => typeof job === "object")),
  events: z.array(z.tuple([z.string(), z.custom<Event>((event) => typeof event === "object")])).default([]),
  suppressed: pairs(z.string()).default([]),
});

export function createAccount(config: KlaviyoConfig, clock: Clock, misbehaviour: Misbehaviour): Account {
  return {
    config,
    clock,
    misbehaviour,
    profiles: new Map(),
    lists: new Map(),
    jobs: new Map(),
    events: new Map(),
    suppressed: new Map(),
    identifiers: new Map(),
    counter: 0,
  };
}

/** The next id of a kind, e.g. P000000001. */
export function nextId(account: Account, prefix: string): string {
  account.counter += 1;
  return `${prefix}${account.counter.toString(36).toUpperCase().padStart(9, "0")}`;
}

export function clearAccount(account: Account): void {
  const { profiles, lists, jobs, events, suppressed, identifiers } = account;
  for (const map of [profiles, lists, jobs, events, suppressed, identifiers]) map.clear();
}

/** Instants as the description writes them: 2022-11-08T00:00:00+00:00. */
export function stamp(account: Account): string {
  return account.clock
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, "+00:00");
}

export function identifierKey(name: string, value: string): string {
  return `${name}:${name === "email" ? value.trim().toLowerCase() : value}`;
}

export const IDENTIFIERS = ["email", "phone_number", "external_id"] as const;

export function snapshotAccount(account: Account): Value {
  return {
    counter: account.counter,
    profiles: [...account.profiles.values()].map((profile) => ({ ...profile, consent: [...profile.consent] })),
    lists: [...account.lists.values()].map((list) => ({
      ...list,
      members: [...list.members],
      pending: [...list.pending],
      unsubscribed: [...list.unsubscribed],
    })),
    jobs: [...account.jobs.values()] as unknown as readonly Value[],
    events: [...account.events] as unknown as readonly Value[],
    suppressed: [...account.suppressed],
  };
}

export function restoreAccount(account: Account, snapshot: unknown): void {
  const saved = snapshotSchema.parse(snapshot);
  clearAccount(account);
  account.counter = saved.counter;
  for (const profile of saved.profiles) {
    account.profiles.set(profile.id, {
      ...profile,
      attributes: profile.attributes as Row,
      consent: new Map(profile.consent),
    });
    for (const name of IDENTIFIERS) {
      const value = profile.attributes[name];
      if (typeof value === "string") account.identifiers.set(identifierKey(name, value), profile.id);
    }
  }
  for (const list of saved.lists) {
    account.lists.set(list.id, {
      ...list,
      members: new Map(list.members),
      pending: new Set(list.pending),
      unsubscribed: new Set(list.unsubscribed),
    });
  }
  for (const job of saved.jobs) account.jobs.set(job.id, job);
  for (const [identity, event] of saved.events) account.events.set(identity, event);
  for (const [profile, since] of saved.suppressed) account.suppressed.set(profile, since);
}
