import type { Change } from "../../core/change.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";

/** Fates by seq, as they become known. */
export type Fates = Map<number, RowFate>;

/** Exactly one result per change. Everything here is idempotent, so what no answer names is tried again. */
export function done(changes: readonly Change[], fates: ReadonlyMap<number, RowFate>): BatchResult {
  return {
    state: "done",
    rows: changes.map((change) => ({ seq: change.seq, ...(fates.get(change.seq) ?? resultMissing) })),
  };
}

export const delivered = (externalId?: string): RowFate =>
  externalId === undefined ? { status: "delivered" } : { status: "delivered", externalId };

export const resultMissing: RowFate = {
  status: "retry",
  code: "RESULT_MISSING",
  message: "HubSpot's answer does not say what became of this row",
};

export const noIdentifier: RowFate = {
  status: "rejected",
  code: "MATCH_MISSING",
  message: "the identifier has no value",
};

export const duplicateMatch: RowFate = {
  status: "rejected",
  code: "DUPLICATE_MATCH",
  message: "another row of the same request has this identifier; HubSpot compares without case",
};

export function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
