import type { Clock } from "../../src/core/clock.ts";

/** A clock that moves only when told to. Sleepers wake when their instant is reached, in order. */
export function manualClock(start: string): Clock & { advance(ms: number): Promise<void>; set(at: string): void } {
  let now = new Date(start).getTime();
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => new Date(now),
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener("abort", () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          reject(signal.reason);
        });
      });
    },
    set(at) {
      now = new Date(at).getTime();
    },
    async advance(ms) {
      const until = now + ms;
      while (true) {
        // Whoever was woken may go to sleep again before the clock moves on.
        await new Promise((resolve) => setImmediate(resolve));
        const due = sleepers.filter((one) => one.at <= until).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        sleepers = sleepers.filter((one) => one !== due);
        now = Math.max(now, due.at);
        due.wake();
      }
      now = until;
    },
  };
}
