import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer } from "../core/platform.ts";
import { createWindows, type Windows } from "../core/windows.ts";
import type { ActiveCampaignConfig } from "./config.ts";

const contact = z.object({
  id: z.int(),
  email: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  phone: z.string(),
  /** By the field's personalization tag. */
  fields: z.record(z.string(), z.string()),
  /** List id → status: 1 subscribed, 2 unsubscribed. */
  lists: z.record(z.string(), z.enum(["1", "2"])),
  /** Id of the tie → tag id. */
  tags: z.record(z.string(), z.int()),
});
const data = z.object({
  counter: z.int(),
  /** By address in lower case. */
  contacts: z.record(z.string(), contact),
  tags: z.record(z.string(), z.string()),
  imports: z.record(
    z.string(),
    z.object({ polls: z.int(), success: z.array(z.string()), failure: z.array(z.string()) }),
  ),
});

export type Held = z.infer<typeof data>;
export type Contact = z.infer<typeof contact>;

/** What every resource of the stand-in works on. */
export interface Account {
  readonly config: ActiveCampaignConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly windows: Windows;
  readonly kept: Kept<Held>;
}

export const createAccount = (config: ActiveCampaignConfig, clock: Clock, misbehaviour: Misbehaviour): Account => ({
  config,
  clock,
  misbehaviour,
  windows: createWindows(clock),
  kept: keep(data, () => ({ counter: 100, contacts: {}, tags: {}, imports: {} })),
});

export function nextId({ kept }: Account): number {
  kept.data.counter += 1;
  return kept.data.counter;
}

export const problem = (status: number, message: string): Answer => json(status, { message });

/** The caller broke the description. */
export const breach = (message: string): Answer =>
  violated(json(422, { errors: [{ status: 422, title: message }] }), message);

export const fieldName = (account: Account, id: string | number): string | undefined =>
  Object.keys(account.config.fields)[Number(id) - 1];

export const contactById = (account: Account, id: string | undefined): Contact | undefined =>
  Object.values(account.kept.data.contacts).find((one) => String(one.id) === id);

/** Any text may be asked for, names of an object's own methods included. */
export function contactByEmail(account: Account, email: string): Contact | undefined {
  const { contacts } = account.kept.data;
  const key = email.toLowerCase();
  return Object.hasOwn(contacts, key) ? contacts[key] : undefined;
}

export interface Written {
  readonly first_name?: string | undefined;
  readonly last_name?: string | undefined;
  readonly phone?: string | undefined;
  /** Field id and value; the empty text clears. */
  readonly values?: readonly (readonly [string | number, string])[];
}

/** Makes or changes the contact of this address. */
export function writeContact(account: Account, email: string, written: Written): Contact {
  const { contacts } = account.kept.data;
  const key = email.toLowerCase();
  const there = contactByEmail(account, email);
  const fields = { ...there?.fields };
  for (const [id, value] of written.values ?? []) {
    const name = fieldName(account, id);
    if (name === undefined) continue;
    if (value === "") delete fields[name];
    else fields[name] = value;
  }
  const next: Contact = {
    id: there?.id ?? nextId(account),
    email: key,
    first_name: written.first_name ?? there?.first_name ?? "",
    last_name: written.last_name ?? there?.last_name ?? "",
    phone: written.phone ?? there?.phone ?? "",
    fields,
    lists: there?.lists ?? {},
    tags: there?.tags ?? {},
  };
  contacts[key] = next;
  return next;
}

/** The id of the tag of this name, made if there is none. */
export function tagId(account: Account, name: string): number {
  const { tags } = account.kept.data;
  const found = Object.entries(tags).find(([, one]) => one === name);
  if (found !== undefined) return Number(found[0]);
  const id = nextId(account);
  tags[id] = name;
  return id;
}

export function tieTag(account: Account, contact: Contact, tag: number): void {
  if (!Object.values(contact.tags).includes(tag)) contact.tags[nextId(account)] = tag;
}
