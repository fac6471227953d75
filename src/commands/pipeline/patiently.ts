import type { Clock } from "../../core/clock.ts";
import { WarehouseBusy } from "../../core/errors.ts";

const hourMs = 3_600_000;

/**
 * A delivery that is under way waits out whoever has the warehouse: a dbt build may hold a DuckDB file for longer than a
 * session waits, and ending the run for that would only begin it anew. Throws WarehouseBusy after an hour.
 */
export async function patiently<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const until = clock.now().getTime() + hourMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof WarehouseBusy) || clock.now().getTime() >= until) throw error;
    }
  }
}
