import { type Identified, lowered } from "./identified.ts";

/** Rows by what identifies them, for answers that name rows by it. */
export const byLoweredValue = <R extends Identified>(rows: readonly R[]): ReadonlyMap<string, R> =>
  new Map(rows.map((row) => [lowered(row.value), row]));
