interface CronField {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const minute: CronField = { name: "minute", least: 0, most: 59, names: [] };
const hour: CronField = { name: "hour", least: 0, most: 23, names: [] };
const dayOfMonth: CronField = { name: "day of the month", least: 1, most: 31, names: [] };
const month: CronField = { name: "month", least: 1, most: 12, names: months };
// 0 and 7 are both Sunday.
const dayOfWeek: CronField = { name: "day of the week", least: 0, most: 7, names: days };
const fields = [minute, hour, dayOfMonth, month, dayOfWeek];

/** What is wrong with a cron expression of five fields, or undefined. */
export function cronFault(expression: string): string | undefined {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== fields.length) {
    return `a cron expression has five fields (minute, hour, day of the month, month, day of the week), not ${parts.length}`;
  }
  for (const [i, field] of fields.entries()) {
    const fault = fieldFault(parts[i] ?? "", field);
    if (fault !== undefined) return fault;
  }
  return neverFires(parts[2] ?? "", parts[3] ?? "", parts[4] ?? "");
}

function fieldFault(text: string, field: CronField): string | undefined {
  for (const item of text.split(",")) {
    const [range = "", step, more] = item.split("/");
    if (more !== undefined || (step !== undefined && !/^[1-9]\d?$/.test(step)))
      return `"${item}" is no step of the ${field.name}`;
    if (range === "*") continue;
    const [from = "", to, extra] = range.split("-");
    const first = numberOf(from, field);
    const last = to === undefined ? first : numberOf(to, field);
    if (first === undefined || last === undefined || extra !== undefined) {
      return `"${item}" is no ${field.name} (${field.least}–${field.most})`;
    }
    if (first > last) return `"${item}" runs backwards; write it as two ranges`;
    if (step !== undefined && to === undefined) return `"${item}" needs a range before its step, as in */${step}`;
  }
  return undefined;
}

function numberOf(text: string, { least, most, names }: CronField): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + least;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number >= least && number <= most ? number : undefined;
}

/** 30 February and its like; a day of the week beside it would still fire. */
function neverFires(day: string, monthText: string, weekday: string): string | undefined {
  if (weekday !== "*" || !/^\d+(,\d+)*$/.test(day) || !/^[a-z0-9,]+$/i.test(monthText)) return undefined;
  const longest = Math.max(...monthText.split(",").map((text) => daysIn(numberOf(text, month) ?? 1)));
  const earliest = Math.min(...day.split(",").map(Number));
  return earliest > longest ? `no such month has a day ${earliest}: it never runs` : undefined;
}

function daysIn(monthNumber: number): number {
  if (monthNumber === 2) return 29;
  return [4, 6, 9, 11].includes(monthNumber) ? 30 : 31;
}

// Asking this set is a hundred times cheaper than making a formatter, which also knows the older names.
const canonicalZones: ReadonlySet<string> = new Set(Intl.supportedValuesOf("timeZone"));

/** Does this machine know the IANA time zone? */
export function isTimeZone(name: string): boolean {
  if (name === "UTC" || canonicalZones.has(name)) return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    // Offsets such as +01:00 are accepted by Intl, but know no summer time.
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

export const timeZones = (): Iterable<string> => canonicalZones;
