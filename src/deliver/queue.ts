import { bytesOf, rowsOf, type Work } from "./work.ts";

/**
 * Batches waiting to be sent or polled. Bounded by the engine (what is cut ahead, and the platform's open jobs), so plain
 * scans do. Knows the one rule of order: nothing but removals goes out while a removal has no results.
 */
export class Queue {
  readonly #removes: number;
  readonly #waiting = new Set<Work>();
  readonly #running = new Set<Work>();
  #heldBytes = 0;
  #readyRows = 0;

  constructor(removes: number) {
    this.#removes = removes;
  }

  /** Payload bytes in memory. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Rows in memory that wait for a sender. */
  get readyRows(): number {
    return this.#readyRows;
  }

  get waiting(): readonly Work[] {
    return [...this.#waiting];
  }

  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  count(state: "jobs" | "sends"): number {
    let count = 0;
    for (const work of this.#waiting) if ((work.job !== null) === (state === "jobs")) count += 1;
    return count;
  }

  add(work: Work): void {
    this.#waiting.add(work);
    this.#heldBytes += bytesOf(work.changes);
    if (work.changes !== null) this.#readyRows += rowsOf(work);
  }

  /** The due batch with the lowest seq, taken out; null if there is none. */
  takeSend(now: number): Work | null {
    const barrier = this.#removalsOpen();
    let first: Work | null = null;
    for (const work of this.#waiting) {
      if (work.job !== null || work.dueAt > now || (barrier && work.fromSeq > this.#removes)) continue;
      if (first === null || work.fromSeq < first.fromSeq) first = work;
    }
    return this.#take(first);
  }

  takePoll(now: number): Work | null {
    let first: Work | null = null;
    for (const work of this.#waiting) {
      if (work.job === null || work.dueAt > now) continue;
      if (first === null || work.dueAt < first.dueAt) first = work;
    }
    return this.#take(first);
  }

  /** It has results, was split, or goes back by `add`. */
  done(work: Work): void {
    this.#running.delete(work);
    this.#waiting.delete(work);
  }

  /** The next instant after `now` at which something waiting falls due; Infinity if nothing does. */
  nextDue(now: number): number {
    let due = Number.POSITIVE_INFINITY;
    for (const work of this.#waiting) if (work.dueAt > now) due = Math.min(due, work.dueAt);
    return due;
  }

  #take(work: Work | null): Work | null {
    if (work === null) return null;
    this.#waiting.delete(work);
    this.#running.add(work);
    this.#heldBytes -= bytesOf(work.changes);
    if (work.changes !== null) this.#readyRows -= rowsOf(work);
    return work;
  }

  #removalsOpen(): boolean {
    if (this.#removes === 0) return false;
    for (const set of [this.#waiting, this.#running]) {
      for (const work of set) if (work.fromSeq <= this.#removes) return true;
    }
    return false;
  }
}
