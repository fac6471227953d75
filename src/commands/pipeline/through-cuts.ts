import type { Clock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";

/** Long enough for a failover or a restart of the server; nothing is lost by giving up, because `resume` goes on. */
const pausesMs = [1_000, 4_000, 16_000];

/**
 * What the engines' errors say in their context as `again`: the connection was cut, or another program's work conflicted, and
 * nothing of ours was kept, or it was kept wholly; or the server cannot be reached, which means something only after a cut.
 */
const worth = (error: unknown, cutBefore: boolean): boolean => {
  const again = error instanceof MillraceError ? error.context.again : undefined;
  return again === "connection" || again === "conflict" || (cutBefore && again === "unreachable");
};

/** Does `work` again after a cut connection or a deadlock, three times. Only for work of which twice is the same as once. */
export async function throughCuts<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (const [i, pauseMs] of pausesMs.entries()) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !worth(error, i > 0)) throw error;
    }
    await clock.sleep(pauseMs, signal);
  }
  return work();
}
