import type { z } from "zod";
import type { BatchResult, JobHandle, RowFate } from "../../core/result.ts";
import type { Batch } from "../connector.ts";
import { delivered, type Fates, settled } from "../fates.ts";
import { handleData, leadColumn } from "./bulk.ts";
import { lookAt, type ResultSink, readResults } from "./bulk-job.ts";
import { cell } from "./cell.ts";
import { makeAgain } from "./collections.ts";
import { notFound, parseBulkError, type RecordError, refusal, saysGone } from "./errors.ts";
import { unmatched, unprocessed } from "./fates.ts";
import { type Identity, identityOf } from "./options.ts";
import { matchValue, writtenFields } from "./payload.ts";
import type { Operation, RecordCtx } from "./work.ts";

export async function pollBulk(job: JobHandle, batch: Batch, ctx: RecordCtx): Promise<BatchResult> {
  const data = handleData.parse(job.data);
  const identity = identityOf(ctx.options, ctx.sync);
  const fates = settledFates(data.settled);
  const end = await lookAt(ctx, job, batch.changes.length);
  if (end.is === "unfinished") return end.result;
  if (end.is === "over") {
    await readResults(ctx, job.id, end.info, new ResultRows(batch, identity, data, fates));
    if (data.moves) await makeAgain(ctx, identity, batch.changes, fates);
  }
  const sendable = data.operation === "insert" && identity.by === "nothing" ? "once" : "again";
  return settled(batch.changes, fates, unmatched(sendable));
}

/** Matches result rows, which come in any order, to changes by the column that identifies them. */
class ResultRows implements ResultSink {
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
    this.#set(row, unprocessed);
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

function settledFates(known: readonly (readonly [number, string, string, string])[]): Fates {
  const fates: Fates = new Map();
  for (const [seq, status, code, message] of known) {
    if (status === "delivered") fates.set(seq, delivered(code === "" ? undefined : code));
    else if (status === "retry") fates.set(seq, { status: "retry", code, message });
    else fates.set(seq, { status: "rejected", code, message });
  }
  return fates;
}
