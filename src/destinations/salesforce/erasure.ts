import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { BatchResult, JobHandle, RowFate } from "../../core/result.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { toCsv } from "../csv.ts";
import { delivered, type Fates, noIdentifier, rejected, settled } from "../fates.ts";
import { removesOnly } from "../removes-only.ts";
import type { SalesforceAccount } from "./account.ts";
import { maxBulkRows } from "./bulk.ts";
import { lookAt, type ResultSink, readResults, requestsPerJob, startJob } from "./bulk-job.ts";
import { parseBulkError, refusal, saysGone } from "./errors.ts";
import { unmatched, unprocessed } from "./fates.ts";
import { checkNames, identityOf, recordOptions } from "./options.ts";
import { matchValue } from "./payload.ts";
import { idsPerQuery, inQueries, isAskable, query, valueAt } from "./soql.ts";

const options = recordOptions.omit({ bulk: true });
type ErasureOptions = z.output<typeof options>;
type Ctx = TargetCtx<SalesforceAccount, ErasureOptions>;

/** [Id, the changes that ask for its erasure] of the job's records, and [seq, code, message] of rows that are refused already. */
const handleData = z.object({
  records: z.array(z.tuple([z.string(), z.array(z.int())])),
  refused: z.array(z.tuple([z.int(), z.string(), z.string()])),
});

/** Every record that has the identifier, duplicates too: hence looked for, whatever an earlier delivery remembers. */
export const erasure: Target<SalesforceAccount, ErasureOptions> = {
  ...removesOnly,
  description: "Deletes records for privacy requests, duplicates too and past the Recycle Bin; cannot be undone",
  options,
  identifiers: [],
  object: (to) => `${to.object}/erasure`,
  shape(to, sync) {
    checkNames(sync);
    identityOf(to, sync);
    return {
      batch: { maxRows: maxBulkRows, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) =>
    Math.ceil(sync.removes / idsPerQuery) + requestsPerJob * Math.ceil(sync.removes / maxBulkRows),
  send,
  poll,
};

async function send(batch: Batch, ctx: Ctx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const records = await recordsOf(ctx, batch.changes, fates);
  if (records.length === 0) return settled(batch.changes, fates, delivered());
  const csv = toCsv(
    ["Id"],
    records.map(([id]) => [id]),
  );
  const refused = [...fates].flatMap(([seq, fate]): [number, string, string][] =>
    fate.status === "rejected" ? [[seq, fate.code, fate.message]] : [],
  );
  return startJob(ctx, { object: ctx.options.object, operation: "hardDelete" }, csv, { records, refused });
}

/** The records to delete, each with the changes that name it. Rows that cannot be asked for are settled in `fates`. */
async function recordsOf(ctx: Ctx, changes: readonly Change[], fates: Fates): Promise<[string, number[]][]> {
  const identity = identityOf(ctx.options, ctx.sync);
  const field = identity.by === "field" ? identity.field : "Id";
  const wanted = new Map<string, number[]>();
  const values: (string | number | boolean)[] = [];
  for (const change of changes) {
    const value = matchValue(change, identity);
    if (value === null) fates.set(change.seq, noIdentifier);
    else if (!isAskable(value)) fates.set(change.seq, tooLong);
    else {
      values.push(value);
      const name = folded(field, value);
      wanted.set(name, [...(wanted.get(name) ?? []), change.seq]);
    }
  }
  const found: [string, number[]][] = [];
  for (const statement of inQueries(ctx.options.object, [...new Set(["Id", field])], field, values)) {
    for (const record of await query(ctx, statement)) {
      const seqs = wanted.get(folded(field, String(valueAt(record, field) ?? "")));
      if (typeof record.Id === "string" && seqs !== undefined) found.push([record.Id, seqs]);
    }
  }
  return found;
}

const tooLong = rejected("IDENTIFIER_INVALID", "Salesforce cannot be asked for so long an identifier");

/** Salesforce compares most texts without case; of an Id the first 15 characters say all. */
const folded = (field: string, value: string | number | boolean): string =>
  field === "Id" ? String(value).slice(0, 15) : String(value).toLowerCase();

async function poll(job: JobHandle, batch: Batch, ctx: Ctx): Promise<BatchResult> {
  const data = handleData.parse(job.data);
  const end = await lookAt(ctx, job, batch.changes.length);
  if (end.is === "unfinished") return end.result;
  const outcomes = new Outcomes(data.records);
  if (end.is === "over") await readResults(ctx, job.id, end.info, outcomes);
  const fates: Fates = new Map(data.refused.map(([seq, code, message]) => [seq, rejected(code, message)]));
  for (const [seq, fate] of outcomes.fates()) fates.set(seq, fate);
  // Who has no record is gone already.
  return settled(batch.changes, fates, delivered());
}

/** What became of the records, by Id. A row is done when all its records are. */
class Outcomes implements ResultSink {
  readonly #records: ReadonlyMap<string, readonly number[]>;
  readonly #outcomes = new Map<string, RowFate>();

  constructor(records: readonly (readonly [string, readonly number[]])[]) {
    this.#records = new Map(records.map(([id, seqs]) => [id.slice(0, 15), seqs]));
  }

  get open(): number {
    return this.#records.size - this.#outcomes.size;
  }

  succeeded(row: Readonly<Record<string, string>>): void {
    this.#set(row, delivered());
  }

  failed(row: Readonly<Record<string, string>>): void {
    const errors = row.sf__Error ? [parseBulkError(row.sf__Error)] : [];
    this.#set(row, saysGone(errors) ? delivered() : refusal(errors));
  }

  unprocessed(row: Readonly<Record<string, string>>): void {
    this.#set(row, unprocessed);
  }

  *fates(): Generator<readonly [number, RowFate]> {
    const done = new Map<number, RowFate>();
    for (const [id, seqs] of this.#records) {
      const fate = this.#outcomes.get(id) ?? unmatched("again");
      for (const seq of seqs) if ((done.get(seq)?.status ?? "delivered") === "delivered") done.set(seq, fate);
    }
    yield* done;
  }

  #set(row: Readonly<Record<string, string>>, fate: RowFate): void {
    const id = (row.Id ?? "").slice(0, 15);
    if (this.#records.has(id)) this.#outcomes.set(id, fate);
  }
}
