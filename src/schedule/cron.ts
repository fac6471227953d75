import { createTask, parse } from "node-cron";
import { ConfigError } from "../core/errors.ts";
import { type Zone, zone } from "./zone.ts";

const MINUTE = 60_000;
const HOURS_A_DAY = 24;

/** A cron expression with its zone, ready to ask. */
export interface CronTimes {
  readonly zone: Zone;
  /** The instants due on the local day that begins at `wall` (midnight as if it were UTC), in order. */
  ticksOn(wall: number): readonly number[];
}

/**
 * node-cron reads the expression (five fields; day of the month and day of the week must both match) and says which days match.
 * The instants are worked out here, because node-cron starts from the machine's clock only, leaves a daily time out on the day
 * that skips it, and pauses for the repeated hour. As in cron(8), an expression for certain hours is due exactly once on the days
 * clocks change (at the jump, if its time is skipped; the first time, if it is repeated), and one for every hour goes on regardless.
 * https://nodecron.com/timezones-and-dst and https://manpages.debian.org/bookworm/cron/cron.8.en.html
 */
export function cronTimes(expression: string, timezone: string): CronTimes {
  const { minutes, hours, matchesDay } = read(expression);
  const rules = zone(timezone);
  const everyHour = hours.length === HOURS_A_DAY;
  const times = hours.flatMap((hour) => minutes.map((minute) => (hour * 60 + minute) * MINUTE));

  function instants(wall: number): readonly number[] {
    const found = rules.instantsOf(wall);
    if (everyHour) return found;
    return found.length === 0 ? [rules.jumpOver(wall)] : found.slice(0, 1);
  }

  return {
    zone: rules,
    ticksOn(wall) {
      if (!matchesDay(wall)) return [];
      const offset = rules.steadyOffset(wall);
      if (offset !== null) return times.map((time) => wall + time - offset);
      return [...new Set(times.flatMap((time) => instants(wall + time)))].sort((a, b) => a - b);
    },
  };
}

interface Expression {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  matchesDay(wall: number): boolean;
}

function read(expression: string): Expression {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) throw invalid(expression);
  try {
    const { minute, hour } = parse(expression);
    // Never started: only its matcher is used. Asked in UTC, a day is a day.
    const day = createTask(["*", "*", ...fields.slice(2)].join(" "), () => undefined, { timezone: "UTC" });
    void day.destroy();
    return {
      minutes: [...minute].sort((a, b) => a - b),
      hours: [...hour].sort((a, b) => a - b),
      matchesDay: (wall) => day.match(new Date(wall)),
    };
  } catch (error) {
    throw invalid(expression, error);
  }
}

const invalid = (expression: string, cause?: unknown): ConfigError =>
  new ConfigError(`"${expression}" is no cron expression that can be due.`, {
    hint: "Write five fields: minute, hour, day of the month, month, day of the week, e.g. `0 6 * * 1-5`.",
    cause,
  });
