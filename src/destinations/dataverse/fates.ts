import type { Change } from "../../core/change.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import { resultMissing as missing, rejected, settled } from "../fates.ts";

export const resultMissing = missing("Dataverse");

/** Exactly one result per change. Everything here is idempotent, so what no answer names is tried again. */
export const done = (changes: readonly Change[], fates: ReadonlyMap<number, RowFate>): BatchResult =>
  settled(changes, fates, resultMissing);

export const noIdentifier: RowFate = rejected("MATCH_MISSING", "a column of the key has no value");

export const keyCharacter: RowFate = rejected(
  "KEY_CHARACTER",
  "the key holds one of / < > * % & : \\ ? + #, with which Dataverse finds no row",
);

export const notFound: RowFate = rejected("NOT_FOUND", "no row with this key, and this sync never creates one");
