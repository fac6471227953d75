import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer } from "../core/platform.ts";
import type { IntercomConfig } from "./config.ts";

const attributes = z.record(z.string(), z.json());
const contactSchema = z.object({
  id: z.string(),
  role: z.enum(["user", "lead"]),
  external_id: z.string().nullable(),
  email: z.string().nullable(),
  archived: z.boolean(),
  createdMs: z.number(),
  fields: attributes,
  custom_attributes: attributes,
  tags: z.array(z.string()),
  companies: z.array(z.string()),
});
const companySchema = z.object({
  id: z.string(),
  company_id: z.string(),
  fields: attributes,
  custom_attributes: attributes,
});
const stateSchema = z.object({
  counter: z.int(),
  contacts: z.record(z.string(), contactSchema),
  companies: z.record(z.string(), companySchema),
  tags: z.array(z.object({ id: z.string(), name: z.string() })),
  events: z.array(attributes),
});
type State = z.infer<typeof stateSchema>;
export type Contact = z.infer<typeof contactSchema>;

/** What every resource of the stand-in works on. */
export interface Workspace {
  readonly config: IntercomConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly kept: Kept<State>;
  /** "external_id:7" or "email:ann@example.com" → contact ids. */
  readonly index: Map<string, Set<string>>;
}

export function createWorkspace(config: IntercomConfig, clock: Clock, misbehaviour: Misbehaviour): Workspace {
  const index = new Map<string, Set<string>>();
  const empty = (): State => ({ counter: 0, contacts: {}, companies: {}, tags: [], events: [] });
  const kept = keep<State>(stateSchema, empty, () => {
    index.clear();
    for (const contact of Object.values(kept.data.contacts)) enter(index, contact);
  });
  return { config, clock, misbehaviour, kept, index };
}

export const nameOf = (kind: string, value: string): string =>
  `${kind}:${kind === "email" ? value.toLowerCase() : value}`;

function namesOf(contact: Contact): readonly string[] {
  const { external_id, email } = contact;
  return [
    ...(external_id === null ? [] : [nameOf("external_id", external_id)]),
    ...(email === null ? [] : [nameOf("email", email)]),
  ];
}

function enter(index: Map<string, Set<string>>, contact: Contact): void {
  for (const name of namesOf(contact)) index.set(name, (index.get(name) ?? new Set()).add(contact.id));
}

export function saveContact(workspace: Workspace, contact: Contact, change: Partial<Contact>): void {
  leave(workspace, contact);
  Object.assign(contact, change);
  workspace.kept.data.contacts[contact.id] = contact;
  enter(workspace.index, contact);
}

function leave({ index }: Workspace, contact: Contact): void {
  for (const name of namesOf(contact)) {
    const ids = index.get(name);
    ids?.delete(contact.id);
    if (ids?.size === 0) index.delete(name);
  }
}

export function dropContact(workspace: Workspace, contact: Contact): void {
  leave(workspace, contact);
  delete workspace.kept.data.contacts[contact.id];
}

export const contactsOf = (workspace: Workspace, name: string): readonly Contact[] =>
  [...(workspace.index.get(name) ?? [])].flatMap((id) => workspace.kept.data.contacts[id] ?? []);

export function nextId(workspace: Workspace): string {
  workspace.kept.data.counter += 1;
  return `6${workspace.kept.data.counter.toString(16).padStart(23, "0")}`;
}

/** https://developers.intercom.com/docs/references/rest-api/errors/error-objects */
export const problem = (status: number, code: string, message: string): Answer =>
  json(status, { type: "error.list", request_id: "00000000-0000-4000-8000-000000000000", errors: [{ code, message }] });

/** The request broke the description. */
export const breach = (message: string): Answer => violated(problem(400, "parameter_invalid", message), message);

export const notFound = (what: string): Answer => problem(404, "not_found", `${what} Not Found`);
