import { hostname } from "node:os";
import type { Clock } from "../../core/clock.ts";
import { LeaseHeld } from "../../core/errors.ts";
import type { Lease, RunStore } from "../../store/store.ts";

/** How long a lease lasts that nobody renews. */
export const leaseMs = 30_000;

/** Who we are, for the messages of others. */
export const owner = (): string => `pid ${process.pid} on ${hostname()}`;

/**
 * Runs `work` under a lease that is renewed until it ends.
 * @param waitMs how long to wait for another holder; 0: not at all
 * @throws LeaseHeld naming the holder
 */
export async function withLease<T>(
  store: RunStore,
  clock: Clock,
  resource: string,
  waitMs: number,
  signal: AbortSignal,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  const lease = await acquire(store, clock, resource, waitMs, signal);
  const over = new AbortController();
  const renewing = renewUntil(lease, clock, over.signal);
  try {
    return await work(lease);
  } finally {
    over.abort();
    await renewing;
    await lease.release();
  }
}

async function acquire(
  store: RunStore,
  clock: Clock,
  resource: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<Lease> {
  const deadline = clock.now().getTime() + waitMs;
  for (;;) {
    const lease = await store.lease(resource, leaseMs, owner());
    if (lease !== null) return lease;
    if (clock.now().getTime() >= deadline) {
      const holder = await store.holder(resource);
      throw new LeaseHeld(`${resource} is being worked on${holder === null ? "" : ` by ${holder.owner}`}`, {
        hint: "Wait until it ends; `millrace status` shows it. After a crash the lease ends by itself within 30 seconds.",
      });
    }
    await clock.sleep(200, signal);
  }
}

/** A lost lease needs no word here: the next write of the run says FenceLost. */
async function renewUntil(lease: Lease, clock: Clock, over: AbortSignal): Promise<void> {
  try {
    while (!over.aborted) {
      await clock.sleep(leaseMs / 3, over);
      await lease.renew(leaseMs);
    }
  } catch {
    return;
  }
}
