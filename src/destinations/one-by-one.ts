import type { Change } from "../core/change.ts";
import { BatchRefused } from "../core/delivery-errors.ts";
import type { RowFate } from "../core/result.ts";
import { type Fates, rejected } from "./fates.ts";

/**
 * A request per row, `width` at a time, for what a platform has no batch for. A refusal is the row's own and lands in `fates`.
 * Anything else is thrown once the requests under way have ended, so that none is left behind; idempotent targets only, since
 * the whole batch is then sent again.
 */
export async function oneByOne<R extends { readonly change: Change }>(
  rows: readonly R[],
  width: number,
  fates: Fates,
  send: (row: R) => Promise<RowFate>,
): Promise<void> {
  const waiting = [...rows];
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined && failures.length === 0; row = waiting.shift()) {
      try {
        fates.set(row.change.seq, await send(row));
      } catch (error) {
        if (error instanceof BatchRefused) fates.set(row.change.seq, rejected(error.reason, error.message));
        else failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, rows.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
