import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Value } from "../../core/value.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { MailchimpConfig } from "./config.ts";

const member = z.object({
  email: z.string(),
  list: z.string(),
  status: z.string(),
  language: z.string(),
  vip: z.boolean(),
  email_type: z.string(),
  merge_fields: z.record(z.string(), z.unknown()),
  interests: z.record(z.string(), z.boolean()),
  tags: z.array(z.string()),
});
const segment = z.object({ id: z.int(), list: z.string(), name: z.string() });
const event = z.object({
  list: z.string(),
  email: z.string(),
  name: z.string(),
  occurred_at: z.string(),
  properties: z.record(z.string(), z.string()),
});

export type Member = z.infer<typeof member>;
export type Segment = z.infer<typeof segment>;

/** What every resource of the stand-in works on. */
export interface Account {
  readonly config: MailchimpConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  /** "list/md5" → member. */
  readonly members: Map<string, Member>;
  readonly segments: Map<number, Segment>;
  readonly events: z.infer<typeof event>[];
  /** "list/md5" of people who were permanently deleted. */
  readonly forgotten: Set<string>;
  counter: number;
}

export const createAccount = (config: MailchimpConfig, clock: Clock, misbehaviour: Misbehaviour): Account => ({
  config,
  clock,
  misbehaviour,
  members: new Map(),
  segments: new Map(),
  events: [],
  forgotten: new Set(),
  counter: 1000,
});

export const hashOf = (email: string): string => createHash("md5").update(email.toLowerCase()).digest("hex");

export const memberKey = (list: string, email: string): string => `${list}/${hashOf(email)}`;

const saved = z.object({
  counter: z.int(),
  members: z.array(member),
  segments: z.array(segment),
  events: z.array(event),
  forgotten: z.array(z.string()),
});

export function accountState(account: Account): Value {
  return JSON.parse(
    JSON.stringify({
      counter: account.counter,
      members: [...account.members.values()],
      segments: [...account.segments.values()],
      events: account.events,
      forgotten: [...account.forgotten],
    }),
  ) as Value;
}

export function clearAccount(account: Account): void {
  for (const held of [account.members, account.segments, account.forgotten]) held.clear();
  account.events.length = 0;
}

export function restoreAccount(account: Account, snapshot: unknown): void {
  const read = saved.parse(snapshot);
  clearAccount(account);
  account.counter = read.counter;
  for (const one of read.members) account.members.set(memberKey(one.list, one.email), one);
  for (const one of read.segments) account.segments.set(one.id, one);
  for (const one of read.forgotten) account.forgotten.add(one);
  account.events.push(...read.events);
}
