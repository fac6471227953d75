import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { Interrupted } from "../../src/core/errors.ts";
import type { Schedule } from "../../src/core/sync.ts";
import { createScheduler, type DueBatch, type Scheduler } from "../../src/schedule/scheduler.ts";
import { manualClock } from "../store/manual-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Call {
  readonly syncs: readonly string[];
  readonly due: string;
  readonly build: boolean;
  /** When it was called. */
  readonly at: string;
  readonly batch: DueBatch;
  end(error?: Error): void;
}

const every = (everyMs: number, catchUp: "once" | "skip" = "once"): Schedule => ({ kind: "every", everyMs, catchUp });
const cron = (expression: string, catchUp: "once" | "skip" = "once"): Schedule => ({
  kind: "cron",
  cron: expression,
  timezone: "UTC",
  catchUp,
});
const iso = (date: Date) => date.toISOString().slice(11, 19);

let running: Scheduler[] = [];
const finishAll: (() => void)[] = [];
afterEach(async () => {
  for (const finish of finishAll.splice(0)) finish();
  for (const one of running) await one.stop();
  running = [];
});

/** A scheduler at `start` whose runs end when the test says so, or at once. */
async function scheduler(start: string, schedules: Record<string, Schedule>, how: "at once" | "by hand" = "at once") {
  const clock = manualClock(start);
  const ticks = new Map<string, Date>();
  const calls: Call[] = [];
  const errors: unknown[] = [];
  const make = () =>
    createScheduler({
      clock,
      syncs: Object.entries(schedules).map(([name, schedule]) => ({ name, schedule })),
      store: {
        lastTick: async (sync) => ticks.get(sync) ?? null,
        saveTick: async (sync, due) => void ticks.set(sync, due),
      },
      onDue: (syncs, due, batch) =>
        new Promise((resolve, reject) => {
          const end = (error?: Error) => (error ? reject(error) : resolve());
          calls.push({ syncs, due: iso(due), build: batch.build, at: iso(clock.now()), batch, end });
          if (how === "at once") resolve();
          else finishAll.push(end);
        }),
      onError: (error) => errors.push(error),
    });
  const begin = async () => {
    const made = make();
    running.push(made);
    await made.start();
    await clock.advance(0);
    return made;
  };
  const told = () => calls.map(({ syncs, due }) => `${due} ${syncs.join("+")}`);
  return { clock, ticks, calls, errors, begin, told };
}

describe("the scheduler", () => {
  it("fires each schedule when it is due", async () => {
    const s = await scheduler("2026-03-06T05:50:00Z", { hourly: cron("0 * * * *"), often: every(15 * MINUTE) });
    await s.begin();
    await s.clock.advance(45 * MINUTE);
    expect(s.told()).toEqual(["06:00:00 hourly+often", "06:15:00 often", "06:30:00 often"]);
    expect(s.calls.every((call) => call.build)).toBe(true);
  });

  it("gives syncs due within a few seconds to one batch, and never early", async () => {
    const s = await scheduler("2026-03-06T05:59:00Z", { a: cron("0 6 * * *"), b: every(7_000), c: every(HOUR) });
    await s.begin();
    await s.clock.advance(MINUTE + 5_000);
    const shared = s.calls.find((call) => call.syncs.includes("a"));
    expect(shared?.syncs).toEqual(["a", "b", "c"]);
    expect(s.calls.filter((call) => call.syncs.includes("a") || call.syncs.includes("c"))).toHaveLength(1);
    for (const call of s.calls) expect(call.at >= call.due).toBe(true);
  });

  it("lists what comes next", async () => {
    const s = await scheduler("2026-03-06T05:50:00Z", { a: cron("0 6 * * *"), b: { kind: "after-build" } });
    const made = await s.begin();
    expect(made.upcoming()).toEqual([{ sync: "a", at: new Date("2026-03-06T06:00:00Z") }]);
  });

  it("goes on after a batch that failed", async () => {
    const s = await scheduler("2026-03-06T06:00:30Z", { a: every(MINUTE) }, "by hand");
    await s.begin();
    await s.clock.advance(MINUTE);
    s.calls[0]?.end(new Error("the warehouse is away"));
    await s.clock.advance(MINUTE);
    expect(s.errors).toEqual([new Error("the warehouse is away")]);
    expect(s.told()).toEqual(["06:01:00 a", "06:02:00 a"]);
  });
});

describe("a sync that is still running", () => {
  it("is not begun again; ticks in the meantime count once, the newest", async () => {
    const s = await scheduler("2026-03-06T06:00:30Z", { slow: every(MINUTE) }, "by hand");
    await s.begin();
    await s.clock.advance(5 * MINUTE);
    expect(s.told()).toEqual(["06:01:00 slow"]);
    s.calls[0]?.end();
    await s.clock.advance(5_000);
    expect(s.told()).toEqual(["06:01:00 slow", "06:05:00 slow"]);
    s.calls[1]?.end();
    await s.clock.advance(10_000);
    expect(s.told()).toHaveLength(2);
  });

  it("does not hold up the others", async () => {
    const s = await scheduler("2026-03-06T06:00:30Z", { slow: every(2 * MINUTE), other: every(3 * MINUTE) }, "by hand");
    await s.begin();
    await s.clock.advance(3 * MINUTE);
    expect(s.told()).toEqual(["06:02:00 slow", "06:03:00 other"]);
  });

  it("is free again as soon as it is finished, though its batch goes on", async () => {
    const s = await scheduler("2026-03-06T06:00:30Z", { fast: every(MINUTE), slow: every(MINUTE) }, "by hand");
    await s.begin();
    await s.clock.advance(MINUTE);
    s.calls[0]?.batch.finished("fast");
    await s.clock.advance(2 * MINUTE);
    expect(s.told()).toEqual(["06:01:00 fast+slow", "06:02:00 fast"]);
    s.calls[0]?.end();
    await s.clock.advance(10_000);
    expect(s.told()).toEqual(["06:01:00 fast+slow", "06:02:00 fast", "06:03:00 slow"]);
  });
});

describe("a schedule after builds", () => {
  it("fires when a build ended, without another build", async () => {
    const s = await scheduler("2026-03-06T06:00:30Z", { after: { kind: "after-build" }, timed: cron("0 7 * * *") });
    const made = await s.begin();
    await s.clock.advance(10 * MINUTE);
    expect(s.calls).toEqual([]);
    made.built(s.clock.now());
    await s.clock.advance(5_000);
    expect(s.calls).toMatchObject([{ syncs: ["after"], build: false, due: "06:10:30" }]);
    expect(s.ticks.has("after")).toBe(false);
  });

  it("is apart from timed syncs that are due at the same time, which need a build", async () => {
    const s = await scheduler("2026-03-06T06:59:59Z", { after: { kind: "after-build" }, timed: cron("0 7 * * *") });
    const made = await s.begin();
    made.built(s.clock.now());
    await s.clock.advance(5_000);
    expect(s.calls).toMatchObject([
      { syncs: ["timed"], build: true },
      { syncs: ["after"], build: false },
    ]);
  });
});

describe("ticks missed while no process ran", () => {
  const down = async (catchUp: "once" | "skip", last: string, now: string) => {
    const s = await scheduler(now, { daily: cron("0 6 * * *", catchUp) });
    s.ticks.set("daily", new Date(last));
    await s.begin();
    await s.clock.advance(5_000);
    return s;
  };

  it("are caught up once", async () => {
    const s = await down("once", "2026-03-01T06:00:00Z", "2026-03-06T09:00:00Z");
    expect(s.calls).toMatchObject([{ syncs: ["daily"], due: "06:00:00", at: "09:00:03" }]);
    expect(s.ticks.get("daily")).toEqual(new Date("2026-03-06T06:00:00Z"));
    await s.clock.advance(22 * HOUR);
    expect(s.calls).toHaveLength(2);
  });

  it("are skipped, and not found again at the next start", async () => {
    const s = await down("skip", "2026-03-01T06:00:00Z", "2026-03-06T09:00:00Z");
    expect(s.calls).toEqual([]);
    expect(s.ticks.get("daily")).toEqual(new Date("2026-03-06T06:00:00Z"));
    await s.clock.advance(22 * HOUR);
    expect(s.calls).toMatchObject([{ at: "06:00:03" }]);
  });

  it("by less than a minute are late, not missed", async () => {
    const s = await down("skip", "2026-03-05T06:00:00Z", "2026-03-06T06:00:20Z");
    expect(s.calls).toMatchObject([{ due: "06:00:00" }]);
  });

  it("are none for a sync that was never seen before", async () => {
    const s = await scheduler("2026-03-06T09:00:00Z", { daily: cron("0 6 * * *") });
    await s.begin();
    await s.clock.advance(HOUR);
    expect(s.calls).toEqual([]);
    expect(s.ticks.get("daily")).toEqual(new Date("2026-03-06T09:00:00Z"));
  });

  it("are noticed too when the machine was suspended", async () => {
    const s = await scheduler("2026-03-06T05:00:00Z", { once: cron("0 6 * * *"), skip: cron("0 6 * * *", "skip") });
    await s.begin();
    s.clock.set("2026-03-06T08:00:00Z");
    await s.clock.advance(MINUTE);
    expect(s.told()).toEqual(["06:00:00 once"]);
  });

  it("include one whose run a crash cut short", async () => {
    const s = await scheduler("2026-03-06T05:59:00Z", { daily: cron("0 6 * * *") }, "by hand");
    await s.begin();
    await s.clock.advance(2 * MINUTE);
    expect(s.told()).toEqual(["06:00:00 daily"]);
    // The process dies here: another one begins with what the store has.
    await s.begin();
    await s.clock.advance(MINUTE);
    expect(s.told()).toEqual(["06:00:00 daily", "06:00:00 daily"]);
  });
});

describe("stopping", () => {
  it("waits for what runs and begins nothing more", async () => {
    const s = await scheduler("2026-03-06T06:00:30Z", { a: every(MINUTE), b: every(2 * MINUTE) }, "by hand");
    const made = await s.begin();
    await s.clock.advance(MINUTE);
    let stopped = false;
    const stopping = made.stop().then(() => {
      stopped = true;
    });
    await s.clock.advance(5 * MINUTE);
    expect(stopped).toBe(false);
    expect(s.told()).toEqual(["06:01:00 a"]);
    expect(s.calls[0]?.batch.signal.aborted).toBe(false);
    s.calls[0]?.end();
    await stopping;
    expect(s.ticks.get("a")).toEqual(new Date("2026-03-06T06:01:00Z"));
  });

  it("by abort tells what runs, and leaves its tick to the next start", async () => {
    const s = await scheduler("2026-03-06T06:00:30Z", { a: every(MINUTE) }, "by hand");
    const made = await s.begin();
    await s.clock.advance(MINUTE);
    const reason = new Interrupted("SIGTERM", { hint: "Run `millrace resume`." });
    const [call] = s.calls;
    call?.batch.signal.addEventListener("abort", () => call.end(reason));
    await made.abort(reason);
    expect(call?.batch.signal.reason).toBe(reason);
    expect(s.ticks.get("a")).toEqual(new Date("2026-03-06T06:00:30Z"));
  });
});

it("runs by the machine's clock", async () => {
  const dues: number[] = [];
  const ticks = new Map<string, Date>();
  const twice = Promise.withResolvers<void>();
  const made = createScheduler({
    clock: systemClock,
    syncs: [{ name: "a", schedule: every(300) }],
    store: {
      lastTick: async (sync) => ticks.get(sync) ?? null,
      saveTick: async (sync, due) => void ticks.set(sync, due),
    },
    onDue: async (_, due) => {
      expect(due.getTime()).toBeLessThanOrEqual(systemClock.now().getTime());
      if (dues.push(due.getTime()) === 2) twice.resolve();
    },
    onError: (error) => twice.reject(error),
    togetherMs: 0,
  });
  await made.start();
  await twice.promise;
  await made.stop();
  const [first = 0, second = 0] = dues;
  expect(first % 300).toBe(0);
  expect(second).toBeGreaterThan(first);
  expect(ticks.get("a")?.getTime()).toBe(dues.at(-1));
});
