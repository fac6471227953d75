import type { Schedule } from "../core/sync.ts";
import { type CronTimes, cronTimes } from "./cron.ts";

const DAY = 24 * 60 * 60_000;
/** 29 February skips a leap year at the turn of most centuries: eight years see every date at least once. */
const HORIZON_DAYS = 8 * 366;

/** When a schedule is due. `after-build` is never due by time. */
export interface Ticks {
  /** The first due instant later than `after`; null: there is none within eight years. */
  next(after: Date): Date | null;
  /** The last due instant not later than `at`. */
  latest(at: Date): Date | null;
}

/** Throws ConfigError for an expression that is none. */
export function ticksOf(schedule: Schedule): Ticks {
  if (schedule.kind === "after-build") return { next: () => null, latest: () => null };
  if (schedule.kind === "every") return everyTicks(schedule.everyMs);
  return cronTicks(cronTimes(schedule.cron, schedule.timezone));
}

/** The next `count` due instants after `after`, for people to look at. */
export function nextTicks(schedule: Schedule, after: Date, count: number): Date[] {
  const ticks = ticksOf(schedule);
  const found: Date[] = [];
  for (let last = ticks.next(after); last !== null && found.length < count; last = ticks.next(last)) found.push(last);
  return found;
}

/** The latest due instant that came after `last` and not after `now`: what a process that was down has missed; null: nothing. */
export function missedTick(schedule: Schedule, last: Date, now: Date): Date | null {
  const latest = ticksOf(schedule).latest(now);
  return latest !== null && latest > last ? latest : null;
}

/** Aligned to 1970-01-01T00:00Z, so that it does not depend on when the process started: `15m` is due at :00, :15, :30, :45. */
function everyTicks(everyMs: number): Ticks {
  const floor = (at: Date): number => Math.floor(at.getTime() / everyMs) * everyMs;
  return { next: (after) => new Date(floor(after) + everyMs), latest: (at) => new Date(floor(at)) };
}

function cronTicks(cron: CronTimes): Ticks {
  const midnight = (at: Date): number => Math.floor(cron.zone.wallAt(at.getTime()) / DAY) * DAY;
  return {
    next(after) {
      const today = midnight(after);
      // From yesterday: where clocks go back over midnight, yesterday's ticks may be still to come.
      for (let day = -1; day <= HORIZON_DAYS; day++) {
        const tick = cron.ticksOn(today + day * DAY).find((instant) => instant > after.getTime());
        if (tick !== undefined) return new Date(tick);
      }
      return null;
    },
    latest(at) {
      const today = midnight(at);
      for (let day = 1; day >= -HORIZON_DAYS; day--) {
        const tick = cron.ticksOn(today + day * DAY).findLast((instant) => instant <= at.getTime());
        if (tick !== undefined) return new Date(tick);
      }
      return null;
    },
  };
}
