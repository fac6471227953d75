import type { Change } from "../core/change.ts";
import type { BatchResult, RowFate, RowResult } from "../core/result.ts";

/** Fates by seq, as they become known. */
export type Fates = Map<number, RowFate>;

/** Exactly one result per change; what no answer named gets `missing`. */
export function toRows(changes: readonly Change[], fates: ReadonlyMap<number, RowFate>, missing: RowFate): RowResult[] {
  return changes.map((change) => ({ seq: change.seq, ...(fates.get(change.seq) ?? missing) }));
}

export const settled = (
  changes: readonly Change[],
  fates: ReadonlyMap<number, RowFate>,
  missing: RowFate,
): BatchResult => ({ state: "done", rows: toRows(changes, fates, missing) });

export const delivered = (externalId?: string | null): RowFate =>
  externalId == null ? { status: "delivered" } : { status: "delivered", externalId };

export const accepted: RowFate = { status: "accepted" };

export const rejected = (code: string, message: string): RowFate => ({ status: "rejected", code, message });

export const retried = (code: string, message: string): RowFate => ({ status: "retry", code, message });

/** Of a row that an answer does not name: sent again where that is idempotent, else for a person to decide. */
export function resultMissing(platform: string, resend: "idempotent" | "once" = "idempotent"): RowFate {
  const message = `${platform}'s answer does not say what became of this row`;
  return { status: resend === "once" ? "unknown" : "retry", code: "RESULT_MISSING", message };
}

export const noIdentifier: RowFate = rejected("MATCH_MISSING", "the identifier has no value");

export const notFound: RowFate = rejected(
  "NOT_FOUND",
  "the destination has nobody with this identifier, and this sync never creates one",
);

export function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
