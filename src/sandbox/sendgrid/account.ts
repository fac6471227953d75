import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { SendgridConfig } from "./config.ts";

const value = z.union([z.string(), z.number(), z.null()]);
const contact = z.object({
  id: z.string(),
  identifiers: z.record(z.string(), z.string()),
  fields: z.record(z.string(), z.string()),
  alternate_emails: z.array(z.string()),
  custom_fields: z.record(z.string(), value),
  lists: z.array(z.string()),
});
const data = z.object({
  counter: z.int(),
  contacts: z.record(z.string(), contact),
  lists: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.object({
      type: z.string(),
      polls: z.int(),
      requested: z.int(),
      created: z.int(),
      updated: z.int(),
      deleted: z.int(),
      errored: z.int(),
      failed: z.boolean(),
    }),
  ),
  /** Group id, or "global" → addresses. */
  suppressed: z.record(z.string(), z.array(z.string())),
  erased: z.array(z.string()),
});

export type Held = z.infer<typeof data>;
export type Contact = z.infer<typeof contact>;
export type Job = Held["jobs"][string];

/** What every resource of the stand-in works on. */
export interface Account {
  readonly config: SendgridConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly kept: Kept<Held>;
  /** "email/ann@example.com" → contact id. */
  readonly index: Map<string, string>;
}

const empty = (): Held => ({ counter: 0, contacts: {}, lists: {}, jobs: {}, suppressed: {}, erased: [] });

export function createAccount(config: SendgridConfig, clock: Clock, misbehaviour: Misbehaviour): Account {
  const index = new Map<string, string>();
  const kept = keep(data, empty, () => {
    index.clear();
    for (const one of Object.values(kept.data.contacts)) indexContact(index, one);
  });
  return { config, clock, misbehaviour, kept, index };
}

export const indexKey = (name: string, text: string): string => `${name}/${text.toLowerCase()}`;

export function indexContact(index: Map<string, string>, one: Contact): void {
  for (const [name, text] of Object.entries(one.identifiers)) index.set(indexKey(name, text), one.id);
}

export function nextId({ kept }: Account): string {
  kept.data.counter += 1;
  return `00000000-0000-4000-8000-${String(kept.data.counter).padStart(12, "0")}`;
}

/** A job that is done after its polls, unless the sandbox was told otherwise. */
export function startJob(
  account: Account,
  call: { readonly method: string; readonly path: string },
  counts: Partial<Job> & Pick<Job, "type" | "requested">,
): { readonly id: string; readonly lost: boolean; readonly fails: boolean } {
  const fate = account.misbehaviour.forJob("sendgrid", call);
  const id = nextId(account);
  const fails = fate.fail !== undefined;
  if (!fate.lost) {
    const none = { created: 0, updated: 0, deleted: 0, errored: 0 };
    account.kept.data.jobs[id] = { ...none, ...counts, polls: fate.polls ?? account.config.job_polls, failed: fails };
  }
  return { id, lost: fate.lost, fails };
}
