import type {
  Comparison,
  EventPattern,
  Filter,
  Literal,
  Moment,
  Operand,
  Order,
  Rule,
  Span,
} from "../../src/core/declared.ts";

/** One row of an event's table; times are epoch milliseconds, UTC. */
export interface EventRow {
  readonly event: string;
  readonly at: number;
  readonly columns: ReadonlyMap<string, Cell>;
}
export type Cell = Literal | null;

export interface ReferenceProfile {
  readonly id: string;
  /** Dates and times as epoch milliseconds. */
  readonly traits: ReadonlyMap<string, Cell>;
  readonly events: readonly EventRow[];
}

export interface ReferenceWorld {
  readonly profiles: readonly ReferenceProfile[];
  readonly asOf: number;
  readonly timeZone: string;
  /** Rules of the segments that others name. */
  readonly segments: ReadonlyMap<string, Rule>;
  readonly types: ReadonlyMap<string, string>;
}

/** Who fulfils the rule: a plain walk over the tree for one profile at a time, written without a look at the compiler. */
export const membersOf = (rule: Rule, world: ReferenceWorld): string[] =>
  world.profiles
    .filter((profile) => holds(rule, profile, world))
    .map(({ id }) => id)
    .sort();

function holds(rule: Rule, profile: ReferenceProfile, world: ReferenceWorld): boolean {
  switch (rule.kind) {
    case "all":
      return rule.rules.every((each) => holds(each, profile, world));
    case "any":
      return rule.rules.some((each) => holds(each, profile, world));
    case "not":
      return !holds(rule.rule, profile, world);
    case "segment": {
      const other = world.segments.get(rule.segment);
      if (other === undefined) throw new Error(`no segment ${rule.segment}`);
      return holds(other, profile, world);
    }
    case "trait": {
      const value = profile.traits.get(rule.trait) ?? null;
      return rule.comparisons.every((each) => compares(value, rule.type, each, profile, world));
    }
    case "did": {
      const times = profile.events.filter((row) => matches(row, rule.pattern, world)).length;
      return rule.times.every(({ op, to }) => ordered(times, op, to));
    }
    case "sequence":
      return follows(rule.steps, rule.span, profile, world);
  }
}

/** Every way to begin, tried one after the other. */
function follows(
  steps: readonly EventPattern[],
  span: Span | undefined,
  { events }: ReferenceProfile,
  world: ReferenceWorld,
): boolean {
  const search = (step: number, after: number, began: number): boolean => {
    if (step === steps.length) return true;
    const pattern = steps[step];
    if (pattern === undefined) return false;
    return events.some((row) => {
      if (!matches(row, pattern, world) || row.at <= after) return false;
      const start = step === 0 ? row.at : began;
      if (span !== undefined && row.at > start + exactMs(span)) return false;
      return search(step + 1, row.at, start);
    });
  };
  return search(0, Number.NEGATIVE_INFINITY, 0);
}

function matches(row: EventRow, pattern: EventPattern, world: ReferenceWorld): boolean {
  if (row.event !== pattern.event || row.at >= world.asOf) return false;
  if (pattern.within !== undefined && row.at < ago(pattern.within, world)) return false;
  return pattern.where.every((filter) => fits(row, filter, world));
}

function fits(row: EventRow, { column, type, comparisons }: Filter, world: ReferenceWorld): boolean {
  const value = row.columns.get(column) ?? null;
  return comparisons.every((each) => compares(value, type, each, undefined, world));
}

function compares(
  value: Cell,
  type: string,
  comparison: Comparison,
  profile: ReferenceProfile | undefined,
  world: ReferenceWorld,
): boolean {
  if (comparison.op === "exists") return (value !== null) === (comparison.is === "there");
  if (value === null) return false;
  switch (comparison.op) {
    case "in":
      return comparison.values.includes(value);
    case "not_in":
      return !comparison.values.includes(value);
    case "matches":
      return new RegExp(comparison.text, "u").test(String(value));
    case "contains":
      return String(value).includes(comparison.text);
    case "starts_with":
      return String(value).startsWith(comparison.text);
    case "ends_with":
      return String(value).endsWith(comparison.text);
    case "within":
      return type === "date"
        ? Number(value) >= dayOf(ago(comparison.span, world), world.timeZone) &&
            Number(value) <= dayOf(world.asOf, world.timeZone)
        : Number(value) >= ago(comparison.span, world) && Number(value) <= world.asOf;
    default:
      return comparesTo(value, type, comparison.op, comparison.to, profile, world);
  }
}

function comparesTo(
  value: Literal,
  type: string,
  op: Order,
  to: Operand,
  profile: ReferenceProfile | undefined,
  world: ReferenceWorld,
): boolean {
  if ("literal" in to) return ordered(value, op, to.literal);
  if ("trait" in to) {
    const other = profile?.traits.get(to.trait) ?? null;
    if (other === null) return false;
    return ordered(value, op, typeof other === "number" ? other * to.times + to.plus : other);
  }
  if ("ago" in to.moment) {
    const instant = ago(to.moment.ago, world);
    return ordered(value, op, type === "date" ? dayOf(instant, world.timeZone) : instant);
  }
  // A whole day: the value's own day is held against it.
  const day = dayNumber(to.moment, world);
  const own = type === "date" ? Number(value) : dayOf(Number(value), world.timeZone);
  return ordered(own, op, day);
}

function ordered(a: Literal, op: Order, b: Literal): boolean {
  switch (op) {
    case "eq":
      return a === b;
    case "ne":
      return a !== b;
    case "gt":
      return a > b;
    case "gte":
      return a >= b;
    case "lt":
      return a < b;
    case "lte":
      return a <= b;
  }
}

const dayMs = 86_400_000;

/** Midnight UTC of the zone's calendar day that holds the instant: how the reference writes a date. */
export function dayOf(instant: number, timeZone: string): number {
  const { year, month, day } = local(instant, timeZone);
  return Date.UTC(year, month - 1, day);
}

function dayNumber(moment: Exclude<Moment, { ago: Span }>, world: ReferenceWorld): number {
  if ("day" in moment) return Date.parse(`${moment.day}T00:00:00Z`);
  return dayOf(world.asOf, world.timeZone) - moment.daysAgo * dayMs;
}

function exactMs({ count, unit }: Span): number {
  const units = { minute: 60_000, hour: 3_600_000, day: dayMs, week: 7 * dayMs, month: Number.NaN, year: Number.NaN };
  return count * units[unit];
}

/** So long before the run's instant: hours by the clock's tick, days and longer on the calendar, keeping the clock's time. */
export function ago({ count, unit }: Span, { asOf, timeZone }: Pick<ReferenceWorld, "asOf" | "timeZone">): number {
  if (unit === "minute" || unit === "hour") return asOf - exactMs({ count, unit });
  const now = local(asOf, timeZone);
  const months = now.year * 12 + now.month - 1 - (unit === "month" ? count : unit === "year" ? 12 * count : 0);
  const [year, month] = [Math.floor(months / 12), (months % 12) + 1];
  const day = Math.min(now.day, new Date(Date.UTC(year, month, 0)).getUTCDate());
  const days = unit === "day" ? count : unit === "week" ? 7 * count : 0;
  const wanted = Date.UTC(year, month - 1, day - days) + now.ofDay;
  return instantOf(wanted, timeZone);
}

/** The instant whose clock time in the zone is this; the later one where there are two, as standard time where there is none. */
function instantOf(clock: number, timeZone: string): number {
  const candidates = [-14, -12, -10, -8, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13]
    .map((hours) => clock - hours * 3_600_000)
    .filter((instant) => clockOf(instant, timeZone) === clock);
  if (candidates.length > 0) return Math.max(...candidates);
  // Skipped in spring: as if the clocks had not moved yet.
  return clock - (clockOf(clock - dayMs, timeZone) - (clock - dayMs));
}

const clockOf = (instant: number, timeZone: string): number => {
  const { year, month, day, ofDay } = local(instant, timeZone);
  return Date.UTC(year, month - 1, day) + ofDay;
};

const formats = new Map<string, Intl.DateTimeFormat>();

function local(instant: number, timeZone: string) {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const rest = ((instant % 1000) + 1000) % 1000;
  return {
    year: part("year"),
    month: part("month"),
    day: part("day"),
    ofDay: ((part("hour") * 60 + part("minute")) * 60 + part("second")) * 1000 + rest,
  };
}
