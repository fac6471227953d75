import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Row, Value } from "../../core/value.ts";
import { json, violated } from "../core/answers.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer } from "../core/platform.ts";
import type { BrevoConfig } from "./config.ts";

const contact = z.object({
  id: z.int(),
  email: z.string(),
  ext_id: z.string().nullable(),
  emailBlacklisted: z.boolean(),
  smsBlacklisted: z.boolean(),
  lists: z.array(z.int()),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
const data = z.object({
  counter: z.int(),
  /** By address in lower case. */
  contacts: z.record(z.string(), contact),
  lists: z.record(z.string(), z.string()),
  processes: z.record(z.string(), z.object({ polls: z.int() })),
  events: z.array(z.record(z.string(), z.unknown())),
});

export type Held = z.infer<typeof data>;
export type Contact = z.infer<typeof contact>;

/** What every resource of the stand-in works on. */
export interface Account {
  readonly config: BrevoConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly kept: Kept<Held>;
}

export const createAccount = (config: BrevoConfig, clock: Clock, misbehaviour: Misbehaviour): Account => ({
  config,
  clock,
  misbehaviour,
  kept: keep(data, () => ({ counter: 10, contacts: {}, lists: {}, processes: {}, events: [] })),
});

export function nextId({ kept }: Account): number {
  kept.data.counter += 1;
  return kept.data.counter;
}

/** https://developers.brevo.com/docs/how-it-works#error-codes */
export const problem = (status: number, code: string, message: string): Answer => json(status, { code, message });

/** The caller broke the description. */
export const breach = (message: string): Answer => violated(problem(400, "invalid_parameter", message), message);

export const isAddress = (text: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(text);

export interface Written {
  readonly attributes?: Readonly<Record<string, Value>> | undefined;
  readonly ext_id?: string | undefined;
  readonly emailBlacklisted?: boolean | undefined;
  readonly smsBlacklisted?: boolean | undefined;
  readonly listIds?: readonly number[] | undefined;
  readonly unlinkListIds?: readonly number[] | undefined;
}

/** Writes a contact: attributes that are not there, and values that do not fit, are ignored; empty ones clear. */
export function writeContact(
  account: Account,
  email: string,
  written: Written,
): { readonly created: boolean; readonly contact: Contact } {
  const { contacts } = account.kept.data;
  const there = contacts[email.toLowerCase()];
  const attributes = { ...there?.attributes };
  for (const [name, value] of Object.entries(written.attributes ?? {})) {
    const type = account.config.attributes[name];
    if (type === undefined || type === "calculated") continue;
    if (value === "" || value === null) delete attributes[name];
    else if (suits(type, value)) attributes[name] = value;
  }
  const left = new Set(written.unlinkListIds ?? []);
  const next: Contact = {
    id: there?.id ?? nextId(account),
    email: email.toLowerCase(),
    ext_id: written.ext_id ?? there?.ext_id ?? null,
    emailBlacklisted: written.emailBlacklisted ?? there?.emailBlacklisted ?? false,
    smsBlacklisted: written.smsBlacklisted ?? there?.smsBlacklisted ?? false,
    lists: [...new Set([...(there?.lists ?? []), ...(written.listIds ?? [])])].filter((id) => !left.has(id)),
    attributes,
  };
  contacts[next.email] = next;
  return { created: there === undefined, contact: next };
}

function suits(type: string, value: Value): value is string | number | boolean {
  if (type === "float")
    return typeof value === "number" || (typeof value === "string" && Number.isFinite(Number(value)));
  if (type === "date") return typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value);
  if (type === "boolean") return typeof value === "boolean";
  return typeof value === "string";
}

export const refusedRow = (account: Account, row: Row): boolean =>
  account.misbehaviour.forRow("brevo", row) !== undefined;
