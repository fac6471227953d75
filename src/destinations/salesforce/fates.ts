import type { Change } from "../../core/change.ts";
import type { RowFate, RowResult } from "../../core/result.ts";

/** Fates by seq, as they become known. */
export type Fates = Map<number, RowFate>;

/** What becomes of a row that no result names: sent again where that is harmless, decided by a person where it is not. */
export function unmatched(sendable: "again" | "once"): RowFate {
  const message = "Salesforce's answer does not say what became of this row";
  return sendable === "again"
    ? { status: "retry", code: "RESULT_MISSING", message }
    : { status: "unknown", code: "RESULT_MISSING", message };
}

/** Exactly one result per change. */
export function toRows(changes: readonly Change[], fates: ReadonlyMap<number, RowFate>, missing: RowFate): RowResult[] {
  return changes.map((change) => ({ seq: change.seq, ...(fates.get(change.seq) ?? missing) }));
}

export const delivered = (externalId?: string): RowFate =>
  externalId === undefined ? { status: "delivered" } : { status: "delivered", externalId };

export const noIdentifier: RowFate = {
  status: "rejected",
  code: "MATCH_MISSING",
  message: "the identifier has no value",
};
