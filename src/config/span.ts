import type { Moment, Span, SpanUnit } from "../core/declared.ts";

const units: Readonly<Record<string, SpanUnit>> = {
  m: "minute",
  min: "minute",
  minute: "minute",
  h: "hour",
  hour: "hour",
  d: "day",
  day: "day",
  w: "week",
  week: "week",
  month: "month",
  y: "year",
  year: "year",
};

export const spanForm = "a whole number and a unit: 6 hours, 90 days, 4 weeks, 12 months or 1 year";

/** The span of "90 days"; undefined if it is not written so, or nothing, or longer than dates last. */
export function spanOf(text: string): Span | undefined {
  const [, digits, word = ""] = /^(\d{1,5})\s*([a-z]+?)s?$/.exec(text.trim()) ?? [];
  const unit = Object.hasOwn(units, word) ? units[word] : undefined;
  const count = Number(digits);
  if (unit === undefined || !(count > 0) || daysOf({ count, unit }) > 36_600) return undefined;
  return { count, unit };
}

const unitDays: Readonly<Record<SpanUnit, number>> = {
  minute: 1 / 1440,
  hour: 1 / 24,
  day: 1,
  week: 7,
  month: 30.5,
  year: 366,
};

/** About so many days: for comparing lengths, not for dates. */
export const daysOf = ({ count, unit }: Span): number => count * unitDays[unit];

export const momentForm = "a day (2026-03-01), or a time ago: today, yesterday, 30 days ago, 6 months ago";

/** The moment of "30 days ago", "today" or "2026-03-01". */
export function momentOf(text: string): Moment | undefined {
  const plain = text.trim();
  if (plain === "today") return { daysAgo: 0 };
  if (plain === "yesterday") return { daysAgo: 1 };
  if (isDay(plain)) return { day: plain };
  const span = plain.endsWith(" ago") ? spanOf(plain.slice(0, -4)) : undefined;
  return span && { ago: span };
}

/** A day of the calendar as 2026-03-01. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) && !text.startsWith("0000");
}
