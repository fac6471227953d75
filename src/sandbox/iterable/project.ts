import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer } from "../core/platform.ts";
import type { IterableConfig } from "./config.ts";

const fields = z.record(z.string(), z.json());
const stateSchema = z.object({
  counter: z.int(),
  /** "email:ann@example.com" or "userId:u1" → fields. */
  users: z.record(z.string(), fields),
  lists: z.array(
    z.object({ id: z.int(), name: z.string(), listType: z.string(), members: z.record(z.string(), z.literal(true)) }),
  ),
  /** Event id → event. */
  events: z.record(z.string(), fields),
  forgotten: z.array(z.string()),
  /** Profile field → its type, set by the first value. */
  types: z.record(z.string(), z.string()),
});
export type State = z.infer<typeof stateSchema>;

/** What every resource of the stand-in works on. */
export interface Project {
  readonly config: IterableConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly kept: Kept<State>;
}

export function createProject(config: IterableConfig, clock: Clock, misbehaviour: Misbehaviour): Project {
  const kept = keep<State>(stateSchema, () => ({
    counter: 0,
    users: {},
    lists: [],
    events: {},
    forgotten: [],
    types: {},
  }));
  return { config, clock, misbehaviour, kept };
}

/** `{msg, code, params}`. https://api.iterable.com/api/docs */
export const answer = (status: number, code: string, msg: string, extras: Partial<Answer> = {}): Answer =>
  json(status, { msg, code, params: null }, extras);

/** The request broke the description. */
export const breach = (status: number, code: string, msg: string): Answer => violated(answer(status, code, msg), msg);

export interface Named {
  readonly email?: string | undefined;
  readonly userId?: string | undefined;
}

export const keyOf = (user: Named): string =>
  user.email === undefined ? `userId:${user.userId ?? ""}` : `email:${user.email.toLowerCase()}`;

/** Why an identifier cannot be one: printable ASCII for userIds, at most 52 characters. https://support.iterable.com/hc/en-us/articles/217744303 */
export function isInvalid(user: Named): boolean {
  if (user.email !== undefined) return !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(user.email);
  return !/^[\x20-\x7e]{1,52}$/.test(user.userId ?? "") || (user.userId ?? "").endsWith(" ");
}

/** Type of a value, as getFields names it; null says nothing. */
export function typeOf(value: unknown): string | null {
  if (value === null) return null;
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "long" : "double";
  return typeof value;
}
