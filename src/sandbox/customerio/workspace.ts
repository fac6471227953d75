import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { CustomerioConfig } from "./config.ts";

const attributes = z.record(z.string(), z.json());
const personSchema = z.object({
  cio_id: z.string(),
  id: z.string().optional(),
  email: z.string().optional(),
  phone: z.string().optional(),
  attributes,
});
const stateSchema = z.object({
  counter: z.int(),
  people: z.record(z.string(), personSchema),
  /** "email:ann@example.com": identifiers that may not come back. */
  suppressed: z.array(z.string()),
  /** Event's ULID → event. */
  events: z.record(z.string(), attributes),
  /** Segment's number → cio_ids. */
  segments: z.record(z.string(), z.record(z.string(), z.literal(true))),
});
type State = z.infer<typeof stateSchema>;
export type Person = z.infer<typeof personSchema>;

/** What every resource of the stand-in works on. */
export interface Workspace {
  readonly config: CustomerioConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly kept: Kept<State>;
  /** "email:ann@example.com" → cio_id. */
  readonly index: Map<string, string>;
}

export function createWorkspace(config: CustomerioConfig, clock: Clock, misbehaviour: Misbehaviour): Workspace {
  const index = new Map<string, string>();
  const empty = (): State => ({ counter: 0, people: {}, suppressed: [], events: {}, segments: {} });
  const kept = keep<State>(stateSchema, empty, () => {
    index.clear();
    for (const person of Object.values(kept.data.people)) {
      for (const name of namesOf(person)) index.set(name, person.cio_id);
    }
  });
  return { config, clock, misbehaviour, kept, index };
}

/** Addresses are compared without case. */
export const nameOf = (kind: string, value: string): string =>
  `${kind}:${kind === "email" ? value.toLowerCase() : value}`;

export function namesOf(person: Person): readonly string[] {
  const kinds = ["cio_id", "id", "email", "phone"] as const;
  return kinds.flatMap((kind) => (person[kind] === undefined ? [] : [nameOf(kind, person[kind])]));
}

export function findPerson(workspace: Workspace, name: string): Person | undefined {
  const id = workspace.index.get(name);
  return id === undefined ? undefined : workspace.kept.data.people[id];
}

export function createPerson(workspace: Workspace): Person {
  const { data } = workspace.kept;
  data.counter += 1;
  const person: Person = { cio_id: `a3${data.counter.toString(16).padStart(6, "0")}`, attributes: {} };
  data.people[person.cio_id] = person;
  return person;
}

export function savePerson(workspace: Workspace, person: Person, change: Partial<Person>): void {
  for (const name of namesOf(person)) workspace.index.delete(name);
  Object.assign(person, change);
  for (const name of namesOf(person)) workspace.index.set(name, person.cio_id);
}

export function dropPerson(workspace: Workspace, person: Person): void {
  for (const name of namesOf(person)) workspace.index.delete(name);
  const { people, segments } = workspace.kept.data;
  delete people[person.cio_id];
  for (const members of Object.values(segments)) delete members[person.cio_id];
}
