import { z } from "zod";
import type { RowFate } from "../../core/result.ts";
import { delivered, type Fates, notFound, rejected, resultMissing, retried } from "../fates.ts";
import type { Identified } from "../identified.ts";

const reason = z.object({ code: z.union([z.string(), z.number()]).transform(String) });

/** The pages write `reasons`, the description of leads `reason`, that of activities `errors`. */
const result = z.object({
  id: z.number().transform(String).nullish(),
  status: z.string().nullish(),
  reasons: z.array(reason).nullish(),
  reason: reason.nullish(),
  errors: z.array(reason).nullish(),
});
type Result = z.output<typeof result>;

/** success: false never gets here: it is an error. */
export const resultsReply = z.object({ success: z.literal(true), result: z.array(z.unknown()).nullish() });

const unreadable: Result = { id: null, status: null };

const readResult = (raw: unknown): Result => result.safeParse(raw).data ?? unreadable;

const codeOf = (one: Result): string => one.reasons?.[0]?.code ?? one.reason?.code ?? one.errors?.[0]?.code ?? "";

/** What a reason says, in our words: Marketo's own may quote values. */
const reasons: Readonly<Record<string, string>> = {
  "1001": "a value is not of its field's type",
  "1002": "a required value is missing",
  "1003": "a value is not valid",
  "1004": "there is no such lead",
  "1005": "there is such a lead already",
  "1006": "a field is not there",
  "1007": "several leads match the identifier; merge them in Marketo",
  "1008": "the partition may not be used",
  "1010": "the lead is in another partition",
  "1021": "fields of companies cannot be written with a lead",
};

/** Not the row's fault. */
const passing: ReadonlySet<string> = new Set(["604", "608", "611", "713", "719", "1016", "1019"]);

const skipped = (code: string): RowFate => {
  if (!/^\d{3,4}$/.test(code)) return resultMissing("Marketo");
  if (passing.has(code)) return retried(`MARKETO_${code}`, "Marketo could not do it now");
  return rejected(`MARKETO_${code}`, `Marketo skipped the row: ${reasons[code] ?? "the code says why"}`);
};

/** "Records included in the result array of calls are ordered in the same way as the input array of a request": the page of error codes. */
export function readWritten(
  rows: readonly Identified[],
  results: readonly unknown[],
  writes: "upsert" | "update" | "insert",
): Fates {
  const fates: Fates = new Map();
  if (results.length !== rows.length) return fates;
  for (const [at, { change }] of rows.entries()) fates.set(change.seq, writtenFate(readResult(results[at]), writes));
  return fates;
}

function writtenFate(one: Result, writes: "upsert" | "update" | "insert"): RowFate {
  if (one.status === "created" || one.status === "updated") {
    return one.id == null ? resultMissing("Marketo") : delivered(one.id);
  }
  if (one.status !== "skipped") return resultMissing("Marketo");
  const code = codeOf(one);
  if (code === "1004" && writes === "update") return notFound;
  // Mode insert leaves alone what is there.
  if (code === "1005" && writes === "insert") return delivered(one.id);
  return skipped(code);
}

/** Activities have no identifier of ours: only as many results as rows, in their order, can be read. */
export function readAdded(rows: readonly Identified[], results: readonly unknown[]): Fates {
  const fates: Fates = new Map();
  if (results.length !== rows.length) return fates;
  for (const [at, { change }] of rows.entries()) {
    const one = readResult(results[at]);
    if (one.status === "added") fates.set(change.seq, delivered());
    else if (one.status === "skipped" && codeOf(one) !== "") fates.set(change.seq, skipped(codeOf(one)));
  }
  return fates;
}

/** What became of one id; gone: Marketo has no such lead. */
export type IdFate = RowFate | "gone";

/** Answers to requests by id name every id. `done`: statuses that mean it was done, or was so before. */
export function readById(results: readonly unknown[], done: ReadonlySet<string>): ReadonlyMap<string, IdFate> {
  const fates = new Map<string, IdFate>();
  for (const raw of results) {
    const one = readResult(raw);
    if (one.id != null) fates.set(one.id, idFate(one, one.id, done));
  }
  return fates;
}

function idFate(one: Result, id: string, done: ReadonlySet<string>): IdFate {
  if (done.has(one.status ?? "")) return delivered(id);
  if (one.status !== "skipped") return resultMissing("Marketo");
  const code = codeOf(one);
  if (code === "1004") return "gone";
  // Whoever is to leave has left.
  return code === "1015" ? delivered(id) : skipped(code);
}
