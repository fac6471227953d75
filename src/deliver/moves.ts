import type { ResultRange, RowFate } from "../core/result.ts";
import { batchRange, createCutter, halves } from "./cut.ts";
import type { Delivery } from "./delivery.ts";
import { readExactly } from "./feed.ts";
import type { PlannedChange } from "./planned-change.ts";
import { wholeRange } from "./results.ts";
import { bytesOf, newWork, rowsOf, type Work } from "./work.ts";

// Where a batch may go from here. Every move begins its write to the store and does not await it, so that writes share commits.

/** The batch has its results: the one way out. */
export function finish(d: Delivery, work: Work, ranges: readonly ResultRange[]): void {
  void d.journal.returned(work.id, ranges);
  let passed = 0;
  for (const range of ranges) if (range.status === "delivered" || range.status === "accepted") passed += rowsOf(range);
  d.circuit.passed(passed);
  d.progress.rows(rowsOf(work));
  d.queue.done(work);
}

export function finishWhole(d: Delivery, work: Work, fate: RowFate): void {
  finish(d, work, [wholeRange(work, work.attempt, fate)]);
}

export function again(d: Delivery, work: Work, changes: readonly PlannedChange[], afterMs: number): void {
  d.progress.retry();
  work.dueAt = d.clock.now().getTime() + afterMs;
  work.state = "planned";
  work.job = null;
  work.jobSince = null;
  work.polls = 0;
  void d.journal.retryAt(work.id, new Date(work.dueAt));
  putBack(d, work, changes);
}

/** Half of the rows each: the parts are batches of their own, and the refused one is gone. */
export function split(d: Delivery, work: Work, changes: readonly PlannedChange[]): void {
  d.progress.retry();
  const parts = halves(d.runId, work);
  void d.journal.split(work.id, parts);
  for (const part of parts) {
    putBack(d, newWork(part, null), changes.slice(part.fromSeq - work.fromSeq, part.toSeq - work.fromSeq + 1));
  }
  d.queue.done(work);
}

/** A range too long for one request: what was left of an ended run, or cut by other limits. Cuts its beginning anew. */
export async function recut(d: Delivery, work: Work): Promise<void> {
  const readRows = Math.max(d.settings.pageRows, d.limits.maxRows + 1);
  const changes = await readExactly(d.changes, work.fromSeq, Math.min(work.toSeq, work.fromSeq + readRows - 1));
  const cutter = createCutter(d.limits);
  const parts: Work[] = [];
  for (const change of changes) {
    const closed = cutter.push(change);
    const [first, last] = [closed?.[0], closed?.at(-1)];
    if (closed && first && last) parts.push(newWork(batchRange(d.runId, first.seq, last.seq), closed));
  }
  const restFrom = (parts.at(-1)?.toSeq ?? work.fromSeq - 1) + 1;
  if (restFrom <= work.toSeq) parts.push(newWork(batchRange(d.runId, restFrom, work.toSeq), null));
  void d.journal.split(work.id, parts);
  for (const part of parts) putBack(d, part, part.changes);
  d.queue.done(work);
}

/** Waits in the queue, with its rows in memory as long as there is room. */
export function putBack(d: Delivery, work: Work, changes: readonly PlannedChange[] | null): void {
  const room = d.queue.heldBytes + bytesOf(changes) <= d.settings.maxHeldBytes / 2;
  work.changes = room ? changes : null;
  d.queue.done(work);
  d.queue.add(work);
}

export async function load(d: Delivery, work: Work): Promise<readonly PlannedChange[]> {
  const held = work.changes;
  work.changes = null;
  return held ?? readExactly(d.changes, work.fromSeq, work.toSeq);
}
