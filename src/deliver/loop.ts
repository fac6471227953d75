import { Unavailable } from "../core/delivery-errors.ts";
import type { Delivery } from "./delivery.ts";
import type { Feed } from "./feed.ts";
import { pollBatch, sendBatch } from "./handle.ts";
import type { Limiter } from "./limiter.ts";
import type { Work } from "./work.ts";

/** Platforms limit how many jobs may be open; none documents more than 500 (Mailchimp's batches). */
const maxOpenJobs = 500;

/**
 * Keeps as many batches under way as the account allows until none is left, the circuit is open and nothing is under way,
 * a stop was asked for, or something failed. Resolves with what failed; what is under way is left in `underWay`.
 */
export class Loop {
  readonly underWay = new Set<Promise<void>>();
  readonly #d: Delivery;
  readonly #feed: Feed;
  readonly #limiter: Limiter;
  readonly #maxSends: number;
  #sends = 0;
  #polls = 0;
  #refilling = false;
  #failure: { readonly error: unknown } | null = null;
  #changed = Promise.withResolvers<void>();

  constructor(d: Delivery, feed: Feed, limiter: Limiter) {
    this.#d = d;
    this.#feed = feed;
    this.#limiter = limiter;
    this.#maxSends = Math.max(1, Math.min(d.settings.concurrency, limiter.concurrency));
  }

  /** Looks at everything again: for news from outside (a stop, a failed write). */
  notify(): void {
    this.#changed.resolve();
  }

  async run(): Promise<{ readonly error: unknown } | null> {
    for (;;) {
      this.#changed = Promise.withResolvers();
      if (this.#failure !== null || this.#d.journal.failed || this.#d.stopping()) return this.#failure;
      this.#dispatch();
      if (this.#idle()) return null;
      await this.#wait();
    }
  }

  #dispatch(): void {
    const { clock, circuit, queue, settings } = this.#d;
    const now = clock.now().getTime();
    const pausedUntil = this.#limiter.pausedUntil();
    if (pausedUntil !== null && pausedUntil - now > settings.maxWaitMs) circuit.halt(askedTooLong(pausedUntil - now));
    else if (pausedUntil !== null) return;
    for (; this.#polls < settings.pollConcurrency; ) {
      const work = queue.takePoll(now);
      if (work === null) break;
      this.#startPoll(work);
    }
    if (circuit.open) return;
    for (; this.#sends < this.#maxSends; ) {
      const work = queue.takeSend(now);
      if (work === null) break;
      this.#startSend(work);
    }
    if (this.#wantsMore()) this.#refill();
  }

  #startSend(work: Work): void {
    this.#sends += 1;
    this.#start(sendBatch(this.#d, work), () => {
      this.#sends -= 1;
    });
  }

  #startPoll(work: Work): void {
    if (work.job === null) return;
    this.#polls += 1;
    this.#start(pollBatch(this.#d, work, work.job), () => {
      this.#polls -= 1;
    });
  }

  #wantsMore(): boolean {
    const { queue, settings } = this.#d;
    if (this.#refilling || this.#feed.done) return false;
    if (queue.readyRows >= settings.lookAheadRows || queue.heldBytes >= settings.maxHeldBytes) return false;
    // Batches that wait for another try must not let the reader run on through the whole plan.
    return (
      queue.count("sends") < this.#maxSends * 8 + settings.lookAheadRows / 100 && queue.count("jobs") < maxOpenJobs
    );
  }

  #refill(): void {
    this.#refilling = true;
    const refill = async () => {
      const batches = await this.#feed.next();
      if (batches.length === 0) return;
      await this.#d.journal.cut(batches);
      for (const batch of batches) this.#d.queue.add(batch);
    };
    this.#start(refill(), () => {
      this.#refilling = false;
    });
  }

  #start(work: Promise<void>, ended: () => void): void {
    const task = work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        ended();
        this.underWay.delete(task);
        this.notify();
      });
    this.underWay.add(task);
  }

  #idle(): boolean {
    if (this.underWay.size > 0) return false;
    if (this.#d.circuit.open) return this.#d.queue.count("jobs") === 0;
    return this.#feed.done && this.#d.queue.size === 0;
  }

  /** Until something changed or falls due. */
  async #wait(): Promise<void> {
    const now = this.#d.clock.now().getTime();
    const due = this.#limiter.pausedUntil() ?? this.#d.queue.nextDue(now);
    if (!Number.isFinite(due)) return this.#changed.promise;
    const cancel = new AbortController();
    const timer = this.#d.clock.sleep(Math.min(due - now, 60_000_000), cancel.signal).catch(() => undefined);
    await Promise.race([this.#changed.promise, timer]);
    cancel.abort(new Error("no longer needed"));
  }
}

function askedTooLong(waitMs: number): Unavailable {
  return new Unavailable(`the platform asks to wait for ${Math.ceil(waitMs / 60_000)} minutes`, {
    hint: "The run ended; its remaining rows come with the next one.",
  });
}
