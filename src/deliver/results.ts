import type { ResultRange, RowFate, RowResult } from "../core/result.ts";
import type { PlannedChange } from "./planned-change.ts";
import { scrub } from "./scrub.ts";

/** What a row becomes of which nobody can say what happened: sent again later where that does no harm, else a person decides. */
export function inDoubt(resend: "idempotent" | "once", code: string, message: string): RowFate {
  return { status: resend === "once" ? "unknown" : "retry", code, message };
}

/** One fate for a whole batch. */
export function wholeRange(batch: { fromSeq: number; toSeq: number }, attempt: number, fate: RowFate): ResultRange {
  return { fromSeq: batch.fromSeq, toSeq: batch.toSeq, attempt, ...fate };
}

/**
 * A connector's results as ranges that cover the batch exactly. A row with no result, with two, or in a batch whose results
 * name rows that it does not hold and lack others, is never taken for delivered: its fate is in doubt, with the code CONTRACT.
 */
export function toRanges(
  changes: readonly PlannedChange[],
  rows: readonly RowResult[],
  attempt: number,
  resend: "idempotent" | "once",
): readonly ResultRange[] {
  const first = changes[0]?.seq ?? 0;
  const fates = place(changes, rows, first);
  const ranges: ResultRange[] = [];
  let open: { readonly fromSeq: number; toSeq: number; readonly fate: RowFate } | undefined;
  const close = () => {
    if (open !== undefined) ranges.push(wholeRange(open, attempt, open.fate));
  };
  for (let index = 0; index < changes.length; index += 1) {
    const change = changes[index];
    if (change === undefined) continue;
    const fate = cleaned(fates[index], change, resend);
    if (open !== undefined && same(open.fate, fate)) open.toSeq = change.seq;
    else {
      close();
      open = { fromSeq: change.seq, toSeq: change.seq, fate };
    }
  }
  close();
  return ranges;
}

type Placed = RowResult | "twice" | undefined;

function place(changes: readonly PlannedChange[], rows: readonly RowResult[], first: number): Placed[] {
  const fates: Placed[] = new Array(changes.length);
  for (const row of rows) {
    const index = row.seq - first;
    if (!Number.isInteger(index) || index < 0 || index >= changes.length) continue;
    fates[index] = fates[index] === undefined ? row : "twice";
  }
  return fates;
}

function cleaned(placed: Placed, change: PlannedChange, resend: "idempotent" | "once"): RowFate {
  if (placed === undefined) return inDoubt(resend, "CONTRACT", "the connector gave no result for this row");
  if (placed === "twice") return inDoubt(resend, "CONTRACT", "the connector gave more than one result for this row");
  if (placed.status === "delivered" || placed.status === "accepted") {
    // An id that the ledger has already need not be stored again: a million updates stay one range.
    const known = placed.externalId === undefined || placed.externalId === change.externalId;
    return known ? { status: placed.status } : { status: placed.status, externalId: placed.externalId ?? "" };
  }
  // What is not there is removed: that is what was asked for.
  if (placed.status === "rejected" && placed.code === "NOT_FOUND" && change.plannedOp === "remove") {
    return { status: "delivered" };
  }
  if (placed.status !== "rejected" && placed.status !== "retry" && placed.status !== "unknown") {
    return inDoubt(resend, "CONTRACT", "the connector gave a result that is none");
  }
  return { status: placed.status, code: code(placed.code), message: scrub(placed.message, change) };
}

/** Codes are short names; a sentence in its place may hold anything. */
export function code(text: string): string {
  return /^[\w.:-]{1,80}$/.test(text) ? text : "UNNAMED";
}

function same(a: RowFate, b: RowFate): boolean {
  if (a.status !== b.status) return false;
  if ("code" in a && "code" in b) return a.code === b.code && a.message === b.message;
  return !("externalId" in a) && !("externalId" in b);
}
