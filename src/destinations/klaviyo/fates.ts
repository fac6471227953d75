import type { Change } from "../../core/change.ts";
import type { RowFate, RowResult } from "../../core/result.ts";

/** Exactly one result per change. */
export function toRows(changes: readonly Change[], fates: ReadonlyMap<number, RowFate>, missing: RowFate): RowResult[] {
  return changes.map((change) => ({ seq: change.seq, ...(fates.get(change.seq) ?? missing) }));
}

export const noIdentifier: RowFate = {
  status: "rejected",
  code: "MATCH_MISSING",
  message: "no email, phone_number or external_id has a value",
};

export const notFound: RowFate = {
  status: "rejected",
  code: "NOT_FOUND",
  message: "no profile with this identifier, and this sync never creates one",
};

export const resultMissing: RowFate = {
  status: "retry",
  code: "RESULT_MISSING",
  message: "Klaviyo's answer does not say what became of this row",
};
