import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Row, Value } from "../../core/value.ts";
import { json, violated } from "../core/answers.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, RowsTouched } from "../core/platform.ts";
import type { MarketoConfig } from "./config.ts";

const lead = z.object({ id: z.int(), fields: z.record(z.string(), z.unknown()) });
const data = z.object({
  counter: z.int(),
  leads: z.record(z.string(), lead),
  /** Ids of members by list id. */
  lists: z.record(z.string(), z.array(z.int())),
  imports: z.record(
    z.string(),
    z.object({
      polls: z.int(),
      failed: z.boolean(),
      processed: z.int(),
      failures: z.array(z.array(z.string())),
      columns: z.array(z.string()),
    }),
  ),
  activities: z.array(
    z.object({
      leadId: z.int(),
      type: z.int(),
      at: z.string(),
      primary: z.string(),
      attributes: z.record(z.string(), z.unknown()),
    }),
  ),
  tokens: z.array(z.string()),
  deleted: z.array(z.int()),
});

export type Held = z.infer<typeof data>;
export type Lead = Held["leads"][string];

/** What every resource of the stand-in works on. */
export interface Instance {
  readonly config: MarketoConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly kept: Kept<Held>;
  /** Leads with this value of the field, in lower case. */
  find(field: string, value: string): readonly Lead[];
  put(one: Lead): void;
  drop(one: Lead): void;
}

export function createInstance(config: MarketoConfig, clock: Clock, misbehaviour: Misbehaviour): Instance {
  // Built when first asked: a plan looks for ten thousand.
  const indexes = new Map<string, Map<string, Set<number>>>();
  const kept: Kept<Held> = keep(
    data,
    () => ({
      counter: 318_000,
      leads: {},
      lists: Object.fromEntries(Object.values(config.lists).map((id) => [String(id), []])),
      imports: {},
      activities: [],
      tokens: [],
      deleted: [],
    }),
    () => indexes.clear(),
  );
  const keyOf = (one: Lead, field: string) => textOf(field === "id" ? one.id : one.fields[field]).toLowerCase();
  const index = (field: string): Map<string, Set<number>> => {
    const known = indexes.get(field);
    if (known !== undefined) return known;
    const built = new Map<string, Set<number>>();
    for (const one of Object.values(kept.data.leads)) into(built, keyOf(one, field)).add(one.id);
    indexes.set(field, built);
    return built;
  };
  const unlist = (id: number) => {
    const old = kept.data.leads[String(id)];
    if (old !== undefined) for (const [field, one] of indexes) one.get(keyOf(old, field))?.delete(id);
  };
  return {
    config,
    clock,
    misbehaviour,
    kept,
    find: (field, value) =>
      [...(index(field).get(value.toLowerCase()) ?? [])].flatMap((id) => kept.data.leads[String(id)] ?? []),
    put(one) {
      unlist(one.id);
      kept.data.leads[String(one.id)] = one;
      for (const [field, known] of indexes) into(known, keyOf(one, field)).add(one.id);
    },
    drop(one) {
      unlist(one.id);
      delete kept.data.leads[String(one.id)];
      for (const [id, members] of Object.entries(kept.data.lists)) {
        kept.data.lists[id] = members.filter((member) => member !== one.id);
      }
      kept.data.deleted.push(one.id);
    },
  };
}

function into(index: Map<string, Set<number>>, key: string): Set<number> {
  const found = index.get(key) ?? new Set();
  index.set(key, found);
  return found;
}

export const textOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

export function nextId({ kept }: Instance): number {
  kept.data.counter += 1;
  return kept.data.counter;
}

const requestId = "e42b#14272d07d78";

export const answered = (result: readonly Value[], touched?: RowsTouched, more: Row = {}): Answer =>
  json(
    200,
    { requestId, success: true, result: [...result], errors: [], warnings: [], ...more },
    touched === undefined ? {} : { applied: true, rows: touched },
  );

/** Refusals come with 200, but for bodies and addresses that are too long. */
export const refused = (code: string, message: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  json(200, { requestId, success: false, errors: [{ code, message }] }, { headers });

export const skipped = (code: string, message: string, more: Row = {}): Row => ({
  ...more,
  status: "skipped",
  reasons: [{ code, message }],
});

/** The caller broke the description. */
export const breach = (message: string, code = "1003"): Answer => violated(refused(code, message), message || "breach");
