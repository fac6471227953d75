import type { Clock } from "../core/clock.ts";
import { ContractError } from "../core/errors.ts";
import type { RateLimit } from "../destinations/connector.ts";

interface Scope {
  readonly name: string;
  readonly concurrency: number;
  readonly window: Window;
  inFlight: number;
}

interface Waiter {
  readonly scopes: readonly Scope[];
  grant(): void;
}

/**
 * One account's share of its platform: requests per sliding window and at once, per scope. Everything that talks to the
 * account in this process shares one, because platforms count per account, not per client.
 * First come, first served among requests that share a scope; requests of other scopes are not held up by them.
 */
export class Limiter {
  readonly #scopes: ReadonlyMap<string, Scope>;
  readonly #all: readonly Scope[];
  readonly #clock: Clock;
  #queue: Waiter[] = [];
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #timer: { readonly at: number; cancel(): void } | null = null;
  #heldBackSince: number | null = null;
  #heldBackMs = 0;

  constructor(limits: readonly RateLimit[], clock: Clock) {
    this.#clock = clock;
    this.#scopes = new Map(
      limits.map((limit) => [
        limit.scope,
        {
          name: limit.scope,
          concurrency: Math.max(1, limit.concurrency),
          window: slidingWindow(Math.max(1, limit.requests), limit.perMs),
          inFlight: 0,
        },
      ]),
    );
    this.#all = [...this.#scopes.values()];
  }

  /** The least number of requests at once that every scope allows; Infinity if nothing is limited. */
  get concurrency(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#all.map((scope) => scope.concurrency));
  }

  /** Epoch milliseconds until which the platform asked us to wait; null: it did not, or that is over. */
  pausedUntil(): number | null {
    return this.#pausedUntil > this.#clock.now().getTime() ? this.#pausedUntil : null;
  }

  /** Milliseconds during which some request waited for a rate or a Retry-After, in all. */
  heldBackMs(): number {
    const now = this.#clock.now().getTime();
    return this.#heldBackMs + (this.#heldBackSince === null ? 0 : now - this.#heldBackSince);
  }

  /**
   * Waits for one request's turn in all `names` (default: every scope) and returns what gives the place back.
   * Rejects with the signal's reason as soon as it aborts; then nothing was taken.
   */
  async acquire(names: readonly string[] | undefined, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const scopes = names === undefined ? this.#all : names.map((name) => this.#scope(name));
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#queue = this.#queue.filter((queued) => queued !== waiter);
        reject(signal.reason as Error);
        this.#pump();
      };
      const waiter: Waiter = {
        scopes,
        grant() {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#queue.push(waiter);
      this.#pump();
    });
    let given = false;
    return () => {
      if (given) return;
      given = true;
      for (const scope of scopes) scope.inFlight -= 1;
      this.#pump();
    };
  }

  /** Nobody of this account sends before `untilMs` (epoch milliseconds): the platform asked for it. */
  pause(untilMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, untilMs);
    this.#pump();
  }

  #scope(name: string): Scope {
    const scope = this.#scopes.get(name);
    if (scope !== undefined) return scope;
    throw new ContractError(`a request counts against the scope "${name}", which the connector's limits do not have`, {
      hint: "Report this: the connector names a scope it does not declare.",
    });
  }

  #pump(): void {
    const now = this.#clock.now().getTime();
    let wakeAt = Number.POSITIVE_INFINITY;
    if (this.#queue.length > 0 && now < this.#pausedUntil) wakeAt = this.#pausedUntil;
    else if (this.#queue.length > 0) wakeAt = this.#grantInOrder(now);
    this.#account(now, wakeAt);
    this.#wake(now, wakeAt);
  }

  /** Grants whoever may go now; returns when the next one may, Infinity if only a returned place can help. */
  #grantInOrder(now: number): number {
    const taken = new Set<Scope>();
    const left: Waiter[] = [];
    let wakeAt = Number.POSITIVE_INFINITY;
    for (const waiter of this.#queue) {
      const behind = waiter.scopes.some((scope) => taken.has(scope));
      const busy = waiter.scopes.some((scope) => scope.inFlight >= scope.concurrency);
      const freeAt = Math.max(now, ...waiter.scopes.map((scope) => scope.window.freeAt(now)));
      if (!behind && !busy && freeAt <= now) {
        for (const scope of waiter.scopes) {
          scope.inFlight += 1;
          scope.window.take(now);
        }
        waiter.grant();
        continue;
      }
      if (!behind && !busy) wakeAt = Math.min(wakeAt, freeAt);
      for (const scope of waiter.scopes) taken.add(scope);
      left.push(waiter);
    }
    this.#queue = left;
    return wakeAt;
  }

  #account(now: number, wakeAt: number): void {
    if (Number.isFinite(wakeAt)) this.#heldBackSince ??= now;
    else if (this.#heldBackSince !== null) {
      this.#heldBackMs += Math.max(0, now - this.#heldBackSince);
      this.#heldBackSince = null;
    }
  }

  #wake(now: number, wakeAt: number): void {
    if (this.#timer?.at === wakeAt) return;
    this.#timer?.cancel();
    this.#timer = null;
    if (!Number.isFinite(wakeAt)) return;
    const abort = new AbortController();
    const timer = { at: wakeAt, cancel: () => abort.abort(new Error("no longer needed")) };
    this.#timer = timer;
    // Long waits go in pieces: timers hold at most 2^31 - 1 ms.
    this.#clock.sleep(Math.min(wakeAt - now, 60_000_000), abort.signal).then(
      () => {
        if (this.#timer === timer) this.#timer = null;
        this.#pump();
      },
      () => undefined,
    );
  }
}

interface Window {
  /** The first instant at which one more request fits; `now` or earlier if it fits already. */
  freeAt(now: number): number;
  take(now: number): void;
}

/** Exact: no window of `perMs` ever holds more than `requests`; a bucket that refills would let twice as many through. */
function slidingWindow(requests: number, perMs: number): Window {
  let times: number[] = [];
  let head = 0;
  return {
    freeAt(now) {
      // Strictly longer than a window ago, because instants are rounded to whole milliseconds.
      while (head < times.length && (times[head] ?? 0) + perMs < now) head += 1;
      if (head > 1_024 && head * 2 > times.length) {
        times = times.slice(head);
        head = 0;
      }
      if (times.length - head < requests) return now;
      // A clock set back must not make anybody wait for longer than one window.
      return Math.min((times[times.length - requests] ?? now) + perMs, now + perMs) + 1;
    },
    take(now) {
      times.push(now);
    },
  };
}
