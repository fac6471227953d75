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

export const delivered = (externalId?: string | null): RowFate =>
  externalId == null ? { status: "delivered" } : { status: "delivered", externalId };

export const resultMissing: RowFate = {
  status: "retry",
  code: "RESULT_MISSING",
  message: "Dataverse's answer does not say what became of this row",
};

export const noIdentifier: RowFate = {
  status: "rejected",
  code: "MATCH_MISSING",
  message: "a column of the key has no value",
};

export const keyCharacter: RowFate = {
  status: "rejected",
  code: "KEY_CHARACTER",
  message: "the key holds one of / < > * % & : \\ ? + #, with which Dataverse finds no row",
};

export const notFound: RowFate = {
  status: "rejected",
  code: "NOT_FOUND",
  message: "no row with this key, and this sync never creates one",
};
