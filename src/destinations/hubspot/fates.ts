import type { Change } from "../../core/change.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import { resultMissing as missing, rejected, settled } from "../fates.ts";

export const resultMissing = missing("HubSpot");

/** Exactly one result per change. Everything here is idempotent, so what no answer names is tried again. */
export const done = (changes: readonly Change[], fates: ReadonlyMap<number, RowFate>): BatchResult =>
  settled(changes, fates, resultMissing);

export const duplicateMatch: RowFate = rejected(
  "DUPLICATE_MATCH",
  "another row of the same request has this identifier; HubSpot compares without case",
);
