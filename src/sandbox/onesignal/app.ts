import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer } from "../core/platform.ts";
import type { OnesignalConfig } from "./config.ts";

const subscriptionSchema = z.object({ id: z.string(), type: z.string(), token: z.string(), enabled: z.boolean() });
const userSchema = z.object({
  identity: z.record(z.string(), z.string()),
  properties: z.record(z.string(), z.json()),
  tags: z.record(z.string(), z.string()),
  subscriptions: z.array(subscriptionSchema),
});
const stateSchema = z.object({ counter: z.int(), users: z.record(z.string(), userSchema) });
type State = z.infer<typeof stateSchema>;
export type User = z.infer<typeof userSchema>;

/** What every resource of the stand-in works on. */
export interface App {
  readonly config: OnesignalConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly kept: Kept<State>;
  /** "external_id/u1" → onesignal_id. */
  readonly aliases: Map<string, string>;
  /** "Email/ann@example.com" and "id/…" → onesignal_id of the owner. */
  readonly owners: Map<string, string>;
}

export function createApp(config: OnesignalConfig, clock: Clock, misbehaviour: Misbehaviour): App {
  const aliases = new Map<string, string>();
  const owners = new Map<string, string>();
  const kept = keep<State>(
    stateSchema,
    () => ({ counter: 0, users: {} }),
    () => {
      aliases.clear();
      owners.clear();
      for (const user of Object.values(kept.data.users)) enter({ aliases, owners }, user);
    },
  );
  return { config, clock, misbehaviour, kept, aliases, owners };
}

export const idOf = (user: User): string => user.identity.onesignal_id ?? "";

export const tokenKey = (type: string, token: string): string =>
  `${type}/${type === "Email" ? token.toLowerCase() : token}`;

export function enter({ aliases, owners }: Pick<App, "aliases" | "owners">, user: User): void {
  for (const [label, id] of Object.entries(user.identity)) aliases.set(`${label}/${id}`, idOf(user));
  for (const { id, type, token } of user.subscriptions) {
    owners.set(`id/${id}`, idOf(user));
    owners.set(tokenKey(type, token), idOf(user));
  }
}

export function leave({ aliases, owners }: Pick<App, "aliases" | "owners">, user: User): void {
  for (const [label, id] of Object.entries(user.identity)) aliases.delete(`${label}/${id}`);
  for (const { id, type, token } of user.subscriptions) {
    owners.delete(`id/${id}`);
    owners.delete(tokenKey(type, token));
  }
}

export function findUser(app: App, label: string, id: string): User | undefined {
  const found = app.aliases.get(`${label}/${id}`);
  return found === undefined ? undefined : app.kept.data.users[found];
}

export function nextId(app: App): string {
  app.kept.data.counter += 1;
  return `00000000-0000-4000-9000-${app.kept.data.counter.toString(16).padStart(12, "0")}`;
}

/** `{errors: [{code, title}]}`, as described. */
export const problem = (status: number, code: string, title: string): Answer =>
  json(status, { errors: [{ code, title }] });

/** The request broke the description. */
export const breach = (title: string): Answer => violated(problem(400, "bad-request", title), title);
