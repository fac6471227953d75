import fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { Limiter } from "../../src/deliver/limiter.ts";
import type { RateLimit } from "../../src/destinations/connector.ts";

/** Time that a test moves by hand, from one thing that falls due to the next. */
function manualClock() {
  let now = 1_000_000;
  let sleepers: { at: number; wake: () => void }[] = [];
  const clock: Clock = {
    now: () => new Date(now),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener("abort", () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          reject(signal.reason as Error);
        });
      }),
  };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    clock,
    settle,
    sleeping: () => sleepers.length,
    async advance(ms: number) {
      const until = now + ms;
      for (;;) {
        await settle();
        const next = sleepers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        sleepers = sleepers.filter((other) => other !== next);
        now = Math.max(now, next.at);
        next.wake();
      }
      now = until;
      await settle();
    },
  };
}

const never = new AbortController().signal;
const limit = (requests: number, perMs: number, concurrency = 100, scope = "all"): RateLimit => ({
  scope,
  requests,
  perMs,
  concurrency,
});

test("never lets more than n requests through in any window, nor more at once than allowed, and forgets nobody", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.record({ after: fc.nat({ max: 30 }), takes: fc.nat({ max: 40 }) }), { minLength: 1, maxLength: 25 }),
      async (requests, perMs, concurrency, work) => {
        const time = manualClock();
        const limiter = new Limiter([limit(requests, perMs, concurrency)], time.clock);
        const grants: number[] = [];
        let atOnce = 0;
        let most = 0;
        for (const { after, takes } of work) {
          await time.advance(after);
          void limiter.acquire(undefined, never).then(async (release) => {
            grants.push(time.clock.now().getTime());
            atOnce += 1;
            most = Math.max(most, atOnce);
            await time.clock.sleep(takes);
            atOnce -= 1;
            release();
            release();
          });
        }
        await time.advance(5_000);
        expect(grants).toHaveLength(work.length);
        expect(most).toBeLessThanOrEqual(concurrency);
        for (const [i, at] of grants.entries()) {
          expect(grants.slice(i).filter((other) => other <= at + perMs).length).toBeLessThanOrEqual(requests);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test("uses the whole allowance: n requests go at once, the next n a window later", async () => {
  const time = manualClock();
  const limiter = new Limiter([limit(3, 1_000)], time.clock);
  const order: number[] = [];
  for (let i = 0; i < 7; i += 1) void limiter.acquire(undefined, never).then(() => order.push(i));
  await time.settle();
  expect(order).toEqual([0, 1, 2]);
  await time.advance(1_001);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  await time.advance(1_001);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(limiter.heldBackMs()).toBe(2_002);
});

test("a busy scope does not hold up another, and a request may need both", async () => {
  const time = manualClock();
  const limiter = new Limiter([limit(1, 1_000, 9, "import"), limit(10, 1_000, 2, "list")], time.clock);
  const order: string[] = [];
  const ask = (name: string, scopes?: string[]) => void limiter.acquire(scopes, never).then(() => order.push(name));
  ask("import", ["import"]);
  ask("import again", ["import"]);
  ask("both");
  ask("list", ["list"]);
  await time.settle();
  // "list" waits its turn behind "both", which wants the list too; nobody overtakes where a scope is shared.
  expect(order).toEqual(["import"]);
  await time.advance(1_001);
  expect(order).toEqual(["import", "import again"]);
  await time.advance(1_001);
  expect(order).toEqual(["import", "import again", "both", "list"]);
  expect(limiter.concurrency).toBe(2);
  await expect(limiter.acquire(["nowhere"], never)).rejects.toThrow("nowhere");
});

test("a free scope is not held up by a busy one", async () => {
  const time = manualClock();
  const limiter = new Limiter([limit(1, 1_000, 9, "import"), limit(10, 1_000, 9, "list")], time.clock);
  const order: string[] = [];
  for (const name of ["import", "import", "list"]) void limiter.acquire([name], never).then(() => order.push(name));
  await time.settle();
  expect(order).toEqual(["import", "list"]);
});

test("a pause holds everybody, and the longer one counts", async () => {
  const time = manualClock();
  const limiter = new Limiter([limit(10, 1_000)], time.clock);
  const start = time.clock.now().getTime();
  limiter.pause(start + 5_000);
  limiter.pause(start + 2_000);
  let gone = false;
  void limiter.acquire(undefined, never).then(() => {
    gone = true;
  });
  await time.advance(4_999);
  expect([gone, limiter.pausedUntil()]).toEqual([false, start + 5_000]);
  await time.advance(1);
  expect([gone, limiter.pausedUntil()]).toEqual([true, null]);
  expect(limiter.heldBackMs()).toBe(5_000);
});

test("whoever stops waiting leaves the queue at once, and no timer stays", async () => {
  const time = manualClock();
  const limiter = new Limiter([limit(1, 60_000)], time.clock);
  await limiter.acquire(undefined, never);
  const abort = new AbortController();
  const waiting = limiter.acquire(undefined, abort.signal);
  await time.settle();
  expect(time.sleeping()).toBe(1);
  abort.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await time.settle();
  expect(time.sleeping()).toBe(0);
  await expect(limiter.acquire(undefined, abort.signal)).rejects.toThrow("enough");
});

test("an account without limits is not limited", async () => {
  const limiter = new Limiter([], manualClock().clock);
  const releases = await Promise.all(Array.from({ length: 50 }, () => limiter.acquire(undefined, never)));
  for (const release of releases) release();
  expect([limiter.concurrency, limiter.heldBackMs()]).toEqual([Number.POSITIVE_INFINITY, 0]);
});

test("a thousand windows later it has forgotten the first", async () => {
  const time = manualClock();
  const limiter = new Limiter([limit(300, 10)], time.clock);
  let granted = 0;
  for (let i = 0; i < 2_000; i += 1) {
    void limiter.acquire(undefined, never).then((release) => {
      granted += 1;
      release();
    });
  }
  await time.advance(1_000);
  expect(granted).toBe(2_000);
});
