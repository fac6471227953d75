import type { Clock } from "../../core/clock.ts";

export type Access = "shared" | "alone";

interface Waiter {
  readonly access: Access;
  admit(): void;
}

/** Many share or one is alone, in order of arrival: a waiting loner keeps later sharers out, so neither starves. */
export class Gate {
  #inside: Access[] = [];
  #waiting: Waiter[] = [];

  /** Somebody waits who cannot enter while sharers are inside. */
  get contested(): boolean {
    return this.#waiting.length > 0;
  }

  get empty(): boolean {
    return this.#inside.length === 0;
  }

  /** Resolves to the way out, or to null after `waitMs`; rejects with the signal's reason. */
  async enter(access: Access, clock: Clock, waitMs: number, signal?: AbortSignal): Promise<(() => void) | null> {
    signal?.throwIfAborted();
    const patience = new AbortController();
    const admitted = new Promise<"in">((resolve) => {
      this.#waiting.push({ access, admit: () => resolve("in") });
    });
    const waiter = this.#waiting.at(-1);
    this.#admit();
    const timeUp = clock
      .sleep(waitMs, signal ? AbortSignal.any([signal, patience.signal]) : patience.signal)
      .then(() => "late" as const);
    try {
      const outcome = await Promise.race([admitted, timeUp]);
      if (outcome === "late" && waiter && this.#waiting.includes(waiter)) {
        this.#forget(waiter);
        return null;
      }
    } catch (reason) {
      if (waiter && this.#waiting.includes(waiter)) this.#forget(waiter);
      else this.#leave(access);
      throw reason;
    } finally {
      timeUp.catch(() => undefined);
      patience.abort();
    }
    let out = false;
    return () => {
      if (out) return;
      out = true;
      this.#leave(access);
    };
  }

  #forget(waiter: Waiter): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    this.#admit();
  }

  #leave(access: Access): void {
    this.#inside.splice(this.#inside.indexOf(access), 1);
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const fits = this.#inside.length === 0 || (next.access === "shared" && !this.#inside.includes("alone"));
      if (!fits) return;
      this.#waiting.shift();
      this.#inside.push(next.access);
      next.admit();
    }
  }
}
