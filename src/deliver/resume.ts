import type { Clock } from "../core/clock.ts";
import type { RunStore } from "../store/store.ts";
import type { Journal } from "./journal.ts";
import type { ProgressMeter } from "./progress.ts";
import type { Queue } from "./queue.ts";
import { wholeRange } from "./results.ts";
import { resumedWork, rowsOf } from "./work.ts";

/**
 * Takes up a run where a crash or a stop left it. Planned batches are sent, jobs polled. Of a batch on record as `sending`
 * nobody knows whether it arrived: an idempotent target gets it again under the same key, any other never does.
 */
export async function restore(parts: {
  readonly store: RunStore;
  readonly runId: string;
  readonly journal: Journal;
  readonly queue: Queue;
  readonly resend: "idempotent" | "once";
  readonly clock: Clock;
  readonly progress: ProgressMeter;
}): Promise<{ readonly uncut: number }> {
  const { journal, queue } = parts;
  let last = 0;
  for (const record of await parts.store.batches(parts.runId)) {
    last = Math.max(last, record.toSeq);
    if (record.state === "returned" || record.state === "settled") continue;
    const work = resumedWork(record);
    if (work.state === "sending" && parts.resend === "once") {
      const message = "the process ended before the platform's answer was recorded";
      void journal.returned(work.id, [
        wholeRange(work, work.attempt, { status: "unknown", code: "INTERRUPTED", message }),
      ]);
      parts.progress.rows(rowsOf(work));
      continue;
    }
    if (work.state === "sending") {
      void journal.retryAt(work.id, parts.clock.now());
      work.state = "planned";
      work.dueAt = 0;
    }
    queue.add(work);
  }
  await journal.settled();
  return { uncut: last + 1 };
}
