import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Row, Value } from "../../core/value.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { BrazeConfig } from "./config.ts";

const row = z.record(z.string(), z.json());
const userSchema = z.object({
  braze_id: z.string(),
  external_id: z.string().nullable(),
  aliases: z.array(z.object({ alias_name: z.string(), alias_label: z.string() })),
  attributes: row,
});
const stateSchema = z.object({
  counter: z.int(),
  users: z.record(z.string(), userSchema),
  events: z.array(row),
  purchases: z.array(row),
  /** "group/external_id:u1" → subscribed or unsubscribed. */
  subscriptions: z.record(z.string(), z.string()),
});
type State = z.infer<typeof stateSchema>;
export type User = z.infer<typeof userSchema>;

/** What every resource of the stand-in works on. */
export interface Workspace {
  readonly config: BrazeConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly kept: Kept<State>;
  /** "external_id:u1" → braze id. */
  readonly index: Map<string, string>;
}

export function createWorkspace(config: BrazeConfig, clock: Clock, misbehaviour: Misbehaviour): Workspace {
  const index = new Map<string, string>();
  const empty = (): State => ({ counter: 0, users: {}, events: [], purchases: [], subscriptions: {} });
  const kept = keep<State>(stateSchema, empty, () => {
    index.clear();
    for (const user of Object.values(kept.data.users)) for (const name of namesOf(user)) index.set(name, user.braze_id);
  });
  return { config, clock, misbehaviour, kept, index };
}

export interface Alias {
  readonly alias_name: string;
  readonly alias_label: string;
}

export const aliasName = (alias: Alias): string => `user_alias:${alias.alias_label}:${alias.alias_name}`;

/** Addresses are compared without case. */
export const nameOf = (kind: string, value: string): string =>
  `${kind}:${kind === "email" ? value.toLowerCase() : value}`;

function namesOf(user: User): readonly string[] {
  const named = (kind: string, value: Value | undefined) => (typeof value === "string" ? [nameOf(kind, value)] : []);
  return [
    nameOf("braze_id", user.braze_id),
    ...named("external_id", user.external_id),
    ...user.aliases.map(aliasName),
    ...named("email", user.attributes.email as Value | undefined),
    ...named("phone", user.attributes.phone as Value | undefined),
  ];
}

export function findUser(workspace: Workspace, name: string): User | undefined {
  const id = workspace.index.get(name);
  return id === undefined ? undefined : workspace.kept.data.users[id];
}

export function createUser(workspace: Workspace): User {
  const { data } = workspace.kept;
  data.counter += 1;
  const braze_id = data.counter.toString(16).padStart(24, "0");
  const user: User = { braze_id, external_id: null, aliases: [], attributes: {} };
  data.users[braze_id] = user;
  return user;
}

/** Takes over what changed and makes the user findable by it. */
export function saveUser(workspace: Workspace, user: User, change: Partial<Omit<User, "braze_id">>): void {
  for (const name of namesOf(user)) workspace.index.delete(name);
  Object.assign(user, change);
  for (const name of namesOf(user)) workspace.index.set(name, user.braze_id);
}

export function dropUser(workspace: Workspace, user: User): void {
  for (const name of namesOf(user)) workspace.index.delete(name);
  delete workspace.kept.data.users[user.braze_id];
}

export const shownUser = (user: User): Row => ({
  braze_id: user.braze_id,
  ...(user.external_id === null ? {} : { external_id: user.external_id }),
});
