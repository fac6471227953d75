import { z } from "zod";
import { OutcomeUnknown, TargetInvalid } from "../../core/delivery-errors.ts";
import type { BatchResult, JobHandle, RowFate } from "../../core/result.ts";
import type { Batch } from "../connector.ts";
import { fromCsv } from "../csv.ts";
import { delivered, type Fates, toRows } from "../fates.ts";
import { callBlind, callJson, callText } from "./api.ts";
import { handleData, leadColumn } from "./bulk.ts";
import { cell } from "./cell.ts";
import { makeAgain } from "./collections.ts";
import { notFound, parseBulkError, type RecordError, refusal, saysGone } from "./errors.ts";
import { unmatched } from "./fates.ts";
import { type Identity, identityOf } from "./options.ts";
import { matchValue, writtenFields } from "./payload.ts";
import type { Operation, RecordCtx } from "./work.ts";

const jobInfo = z.object({
  state: z.string(),
  numberRecordsProcessed: z.number().nullish(),
  numberRecordsFailed: z.number().nullish(),
  errorMessage: z.string().nullish(),
});
type JobInfo = z.output<typeof jobInfo>;

/** No pace is prescribed; a poll is one request of the daily allowance, so it slows down as jobs grow. */
const pollAfterMs = (rows: number): number => (rows > 5_000 ? 20_000 : 5_000);

export async function pollBulk(job: JobHandle, batch: Batch, ctx: RecordCtx): Promise<BatchResult> {
  const data = handleData.parse(job.data);
  const identity = identityOf(ctx.options, ctx.sync);
  const sendable = data.operation === "insert" && identity.by === "nothing" ? "once" : "again";
  const fates = settledFates(data.settled);
  const info = await readJob(ctx, job.id);
  // Results are kept for seven days: what became of an older job's rows cannot be told any more.
  if (info === null) return { state: "done", rows: toRows(batch.changes, fates, unmatched(sendable)) };
  const again = {
    state: "pending",
    job: { ...job, phase: "uploaded" },
    pollAfterMs: pollAfterMs(batch.changes.length),
  } as const;

  if (info.state === "Open") {
    // Without UploadComplete nothing of it ran, and nothing will.
    await callBlind(ctx, { method: "PATCH", path: `/jobs/ingest/${job.id}`, json: { state: "Aborted" } });
    return { state: "lost", reason: "the job was created and never started; it has been aborted" };
  }
  if (info.state !== "JobComplete" && info.state !== "Failed" && info.state !== "Aborted") return again;
  throwIfMalformed(info);

  const rows = new ResultRows(batch, identity, data, fates);
  const failed = info.numberRecordsFailed ?? null;
  const processed = info.numberRecordsProcessed ?? null;
  if (processed === null || failed === null || processed > failed) {
    for (const row of fromCsv(await results(ctx, job.id, "successfulResults"))) rows.succeeded(row);
  }
  if (failed !== 0) for (const row of fromCsv(await results(ctx, job.id, "failedResults"))) rows.failed(row);
  if (rows.open > 0) for (const row of fromCsv(await results(ctx, job.id, "unprocessedrecords"))) rows.unprocessed(row);
  if (data.moves) await makeAgain(ctx, identity, batch.changes, fates);
  return { state: "done", rows: toRows(batch.changes, fates, unmatched(sendable)) };
}

async function readJob(ctx: RecordCtx, job: string): Promise<JobInfo | null> {
  const path = `/jobs/ingest/${encodeURIComponent(job)}`;
  const reply = await callJson(ctx, { method: "GET", path, expect: z.unknown(), accept: [404] });
  if (reply.status === 404) return null;
  const info = jobInfo.safeParse(reply.body);
  if (info.success) return info.data;
  throw new OutcomeUnknown("Salesforce described the bulk job in a form that is not documented", {
    hint: "Check that base_url is Salesforce and not a proxy's page; else report it.",
  });
}

async function results(ctx: RecordCtx, job: string, what: string): Promise<string> {
  const path = `/jobs/ingest/${encodeURIComponent(job)}/${what}`;
  return (await callText(ctx, { method: "GET", path, headers: { accept: "text/csv" }, timeoutMs: 600_000 })).body;
}

/** A file whose columns Salesforce does not know fails before any record: no row of the sync could be delivered. */
function throwIfMalformed(info: JobInfo): void {
  const kind = /^(InvalidBatch|InvalidJob|InvalidEntity)\b/.exec(info.errorMessage ?? "")?.[1];
  if (info.state !== "Failed" || kind === undefined || (info.numberRecordsProcessed ?? 0) > 0) return;
  throw new TargetInvalid(`Salesforce could not read the bulk job (${kind})`, {
    hint: "Check the API names of the object, of external_id and of every field of the mapping, and that the integration user may see them.",
    context: { code: kind },
  });
}

/** Matches result rows, which come in any order, to changes by the column that identifies them. */
class ResultRows {
  readonly #fates: Fates;
  readonly #seqs = new Map<string, number[]>();
  readonly #lead: string | null;
  readonly #columns: readonly string[];
  readonly #operation: Operation;
  #open: number;

  constructor(batch: Batch, identity: Identity, data: z.output<typeof handleData>, fates: Fates) {
    this.#fates = fates;
    this.#operation = data.operation;
    this.#lead = leadColumn({ operation: data.operation, identity });
    const ids = new Map(data.ids);
    const sent = batch.changes.filter((change) => !fates.has(change.seq));
    this.#open = sent.length;
    const written = sent.map((change) => writtenFields(change, identity, "create"));
    this.#columns = [...new Set(written.flatMap((fields) => Object.keys(fields)))].sort();
    for (const [i, change] of sent.entries()) {
      const id = ids.get(change.seq) ?? change.externalId ?? matchValue(change, identity);
      const value =
        this.#lead === null
          ? this.#columns.map((name) => cell(written[i]?.[name])).join("\u0000")
          : String((this.#lead === "Id" ? id : matchValue(change, identity)) ?? "");
      const name = this.#name(value);
      this.#seqs.set(name, [...(this.#seqs.get(name) ?? []), change.seq]);
    }
  }

  /** Rows of the job without a result. */
  get open(): number {
    return this.#open;
  }

  succeeded(row: Readonly<Record<string, string>>): void {
    const id = row.sf__Id;
    this.#set(row, this.#operation === "delete" || id === undefined || id === "" ? delivered() : delivered(id));
  }

  failed(row: Readonly<Record<string, string>>): void {
    const text = row.sf__Error ?? "";
    const errors = text === "" ? [] : [parseBulkError(text)];
    this.#set(row, failure(this.#operation, errors));
  }

  unprocessed(row: Readonly<Record<string, string>>): void {
    this.#set(row, {
      status: "retry",
      code: "UNPROCESSED",
      message: "Salesforce ended the job before it came to this row",
    });
  }

  /** Rows alike in every column share their results one by one. */
  #set(row: Readonly<Record<string, string>>, fate: RowFate): void {
    const value =
      this.#lead === null ? this.#columns.map((name) => row[name] ?? "").join("\u0000") : (row[this.#lead] ?? "");
    const seq = this.#seqs.get(this.#name(value))?.shift();
    if (seq === undefined) return;
    this.#fates.set(seq, fate);
    this.#open -= 1;
  }

  #name(value: string): string {
    return this.#lead === "Id" ? value.slice(0, 15) : value;
  }
}

function failure(operation: Operation, errors: readonly RecordError[]): RowFate {
  if (!saysGone(errors)) return refusal(errors);
  if (operation === "delete") return delivered();
  return operation === "update" ? notFound : refusal(errors);
}

function settledFates(settled: readonly (readonly [number, string, string, string])[]): Fates {
  const fates: Fates = new Map();
  for (const [seq, status, code, message] of settled) {
    if (status === "delivered") fates.set(seq, delivered(code === "" ? undefined : code));
    else if (status === "retry") fates.set(seq, { status: "retry", code, message });
    else fates.set(seq, { status: "rejected", code, message });
  }
  return fates;
}
