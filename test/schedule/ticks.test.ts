import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import type { Schedule } from "../../src/core/sync.ts";
import { missedTick, nextTicks, ticksOf } from "../../src/schedule/ticks.ts";

const cron = (expression: string, timezone: string): Schedule => ({
  kind: "cron",
  cron: expression,
  timezone,
  catchUp: "once",
});
const every = (everyMs: number): Schedule => ({ kind: "every", everyMs, catchUp: "once" });
const next = (schedule: Schedule, after: string, count: number) =>
  nextTicks(schedule, new Date(after), count).map((tick) => tick.toISOString().replace(":00.000Z", "Z"));

/** Clocks in London: forward on 2026-03-29 at 01:00Z, back on 2026-10-25 at 01:00Z. New York: 2026-03-08 at 07:00Z, 2026-11-01 at 06:00Z. */
describe("a daily cron over the change of clocks", () => {
  it.each([
    [
      "Europe/London",
      "0 6 * * *",
      "2026-03-27T12:00:00Z",
      ["2026-03-28T06:00Z", "2026-03-29T05:00Z", "2026-03-30T05:00Z"],
    ],
    [
      "Europe/London",
      "0 6 * * *",
      "2026-10-23T12:00:00Z",
      ["2026-10-24T05:00Z", "2026-10-25T06:00Z", "2026-10-26T06:00Z"],
    ],
    [
      "America/New_York",
      "0 6 * * *",
      "2026-03-06T12:00:00Z",
      ["2026-03-07T11:00Z", "2026-03-08T10:00Z", "2026-03-09T10:00Z"],
    ],
    [
      "America/New_York",
      "0 6 * * *",
      "2026-10-30T12:00:00Z",
      ["2026-10-31T10:00Z", "2026-11-01T11:00Z", "2026-11-02T11:00Z"],
    ],
  ])("stays at its local time: %s %s after %s", (timezone, expression, after, expected) => {
    expect(next(cron(expression, timezone), after, 3)).toEqual(expected);
  });

  it.each([
    ["Europe/London", "30 1 * * *", "2026-03-28T12:00:00Z", ["2026-03-29T01:00Z", "2026-03-30T00:30Z"]],
    ["America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z", ["2026-03-08T07:00Z", "2026-03-09T06:30Z"]],
  ])("is due at the jump when its time is skipped: %s %s", (timezone, expression, after, expected) => {
    expect(next(cron(expression, timezone), after, 2)).toEqual(expected);
  });

  it("is due once at the jump when several of its times are skipped", () => {
    const ticks = next(cron("0,15,30 0,1,2 * * *", "Europe/London"), "2026-03-29T00:16:00Z", 4);
    expect(ticks).toEqual(["2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:15Z", "2026-03-29T01:30Z"]);
  });

  it.each([
    ["Europe/London", "30 1 * * *", "2026-10-24T12:00:00Z", ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]],
    ["America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z", ["2026-11-01T05:30Z", "2026-11-02T06:30Z"]],
  ])("is due once, the first time, when its time is repeated: %s %s", (timezone, expression, after, expected) => {
    expect(next(cron(expression, timezone), after, 2)).toEqual(expected);
  });
});

describe("a cron for every hour over the change of clocks", () => {
  it.each([
    ["Europe/London", "2026-03-29T00:15:00Z"],
    ["Europe/London", "2026-10-24T23:15:00Z"],
    ["America/New_York", "2026-03-08T06:15:00Z"],
    ["America/New_York", "2026-11-01T04:15:00Z"],
  ])("neither pauses nor doubles: %s after %s", (timezone, after) => {
    const ticks = nextTicks(cron("*/30 * * * *", timezone), new Date(after), 8);
    const start = new Date(after).getTime() + 15 * 60_000;
    expect(ticks.map((tick) => tick.getTime())).toEqual(Array.from({ length: 8 }, (_, i) => start + i * 30 * 60_000));
  });

  it("follows clocks that change by half an hour", () => {
    // Lord Howe Island goes back from +11:00 to +10:30 on 2026-04-05 at 02:00, 15:00Z the day before.
    const ticks = next(cron("0 * * * *", "Australia/Lord_Howe"), "2026-04-04T13:30:00Z", 4);
    expect(ticks).toEqual(["2026-04-04T14:00Z", "2026-04-04T15:30Z", "2026-04-04T16:30Z", "2026-04-04T17:30Z"]);
  });
});

describe("a cron", () => {
  it.each([
    ["0 6 * * 1-5", "2026-03-06T07:00:00Z", ["2026-03-09T06:00Z", "2026-03-10T06:00Z"]],
    ["0 0 1 * *", "2026-01-31T00:00:00Z", ["2026-02-01T00:00Z", "2026-03-01T00:00Z"]],
    ["15,45 8-9 * jan sun", "2026-01-01T00:00:00Z", ["2026-01-04T08:15Z", "2026-01-04T08:45Z"]],
    ["0 0 29 2 *", "2026-01-01T00:00:00Z", ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]],
    ["0 0 29 2 *", "2096-03-01T00:00:00Z", ["2104-02-29T00:00Z", "2108-02-29T00:00Z"]],
    ["0 12 * * 7", "2026-03-02T00:00:00Z", ["2026-03-08T12:00Z", "2026-03-15T12:00Z"]],
  ])("%s after %s", (expression, after, expected) => {
    expect(next(cron(expression, "UTC"), after, 2)).toEqual(expected);
  });

  it("is not due again at the instant it was due", () => {
    expect(next(cron("0 6 * * *", "UTC"), "2026-03-06T06:00:00Z", 1)).toEqual(["2026-03-07T06:00Z"]);
    expect(next(cron("0 6 * * *", "UTC"), "2026-03-06T05:59:59.999Z", 1)).toEqual(["2026-03-06T06:00Z"]);
  });

  it.each(["", "* * * *", "0 0 * * * *", "61 * * * *", "0 0 30 2 *", "often"])("refuses %j", (expression) => {
    expect(() => ticksOf(cron(expression, "UTC"))).toThrow(ConfigError);
  });

  it("finds the tick before and the tick after on the same line", () => {
    // Whatever the instant, the latest tick is the one whose next is later than the instant.
    for (const timezone of [
      "Europe/London",
      "America/New_York",
      "Australia/Lord_Howe",
      "Asia/Kathmandu",
      "Asia/Beirut",
    ]) {
      for (const expression of ["*/20 * * * *", "30 1,2 * * *", "0 0 * * *", "30 23 * * 0"]) {
        const ticks = ticksOf(cron(expression, timezone));
        for (let at = Date.UTC(2026, 2, 1); at < Date.UTC(2027, 0, 1); at += 11.3 * 60 * 60_000) {
          const latest = ticks.latest(new Date(at));
          expect(latest).not.toBeNull();
          if (latest === null) continue;
          expect(latest.getTime()).toBeLessThanOrEqual(at);
          expect(ticks.next(latest)?.getTime()).toBeGreaterThan(at);
        }
      }
    }
  });
});

describe("an interval", () => {
  it("is aligned to the epoch, whenever asked", () => {
    const quarter = ["2026-03-06T06:15Z", "2026-03-06T06:30Z"];
    expect(next(every(15 * 60_000), "2026-03-06T06:00:00Z", 2)).toEqual(quarter);
    expect(next(every(15 * 60_000), "2026-03-06T06:14:59Z", 2)).toEqual(quarter);
  });
});

describe("a missed tick", () => {
  const daily = cron("0 6 * * *", "Europe/London");
  const missed = (schedule: Schedule, last: string, now: string) =>
    missedTick(schedule, new Date(last), new Date(now))?.toISOString() ?? null;

  it("is the latest of those that came since", () => {
    expect(missed(daily, "2026-03-25T06:00:00Z", "2026-03-29T05:00:00Z")).toBe("2026-03-29T05:00:00.000Z");
    expect(missed(daily, "2026-03-25T06:00:00Z", "2026-03-29T04:59:59Z")).toBe("2026-03-28T06:00:00.000Z");
    expect(missed(every(60_000), "2026-03-25T06:00:00Z", "2026-03-25T09:00:30Z")).toBe("2026-03-25T09:00:00.000Z");
  });

  it("is none when the last one is still the latest", () => {
    expect(missed(daily, "2026-03-28T06:00:00Z", "2026-03-29T04:59:59Z")).toBeNull();
    expect(missed(every(60_000), "2026-03-25T09:00:00Z", "2026-03-25T09:00:59Z")).toBeNull();
  });

  it("is never there for a schedule after builds", () => {
    expect(missed({ kind: "after-build" }, "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z")).toBeNull();
  });
});
