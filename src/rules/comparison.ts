import type { Comparison, Filter, Moment, Operand, Order, Span, ValueType } from "../core/declared.ts";
import type { Alternatives } from "./alternatives.ts";
import { literal } from "./literal.ts";

const signs: Readonly<Record<Order, string>> = { eq: "=", ne: "<>", gt: ">", gte: ">=", lt: "<", lte: "<=" };
export const sign = (order: Order): string => signs[order];

/** How the SQL of one condition names other things. */
export interface Naming {
  /** Another trait of the same profile. */
  readonly trait: (name: string) => string;
  readonly timeZone: string;
}

/** All of a condition's comparisons as SQL that is true where they hold, else false or null. */
export function comparisonsSql(
  subject: string,
  type: ValueType,
  comparisons: readonly Comparison[],
  naming: Naming,
): string {
  return comparisons.map((comparison) => comparisonSql(subject, type, comparison, naming)).join(" and ");
}

/** Filters on the columns of one row. */
export const filtersSql = (filters: readonly Filter[], column: (name: string) => string, timeZone: string): string[] =>
  filters.map((filter) =>
    comparisonsSql(column(filter.column), filter.type, filter.comparisons, { trait: (name) => name, timeZone }),
  );

/** Whether a row fits all filters of one list; null: every row does. */
export function anySql(alternatives: Alternatives, column: (name: string) => string, timeZone: string): string | null {
  const each = alternatives.map((filters) => filtersSql(filters, column, timeZone).join(" and "));
  return each.includes("") ? null : `(${[...new Set(each)].join(" or ")})`;
}

/** Whether the same row may fit the filter at one instant and not at another. */
export const isRelative = ({ comparisons }: Filter): boolean =>
  comparisons.some(
    (comparison) =>
      comparison.op === "within" ||
      ("to" in comparison && "moment" in comparison.to && !("day" in comparison.to.moment)),
  );

function comparisonSql(subject: string, type: ValueType, comparison: Comparison, naming: Naming): string {
  switch (comparison.op) {
    case "in":
    case "not_in": {
      const values = comparison.values.map(literal).join(", ");
      return `${subject} ${comparison.op === "in" ? "in" : "not in"} (${values})`;
    }
    case "matches":
      return `{{ millrace.text_matches(${quoted(subject)}, ${asArgument(literal(comparison.text))}) }}`;
    case "contains":
      return `{{ dbt.position(${asArgument(literal(comparison.text))}, ${quoted(subject)}) }} > 0`;
    case "starts_with":
      return `left(${subject}, ${[...comparison.text].length}) = ${literal(comparison.text)}`;
    case "ends_with":
      return `right(${subject}, ${[...comparison.text].length}) = ${literal(comparison.text)}`;
    case "exists":
      return comparison.is === "there" ? `${subject} is not null` : `${subject} is null`;
    case "within": {
      const [from, until] =
        type === "date"
          ? [dayAgo(comparison.span, naming.timeZone), today(naming.timeZone)]
          : [ago(comparison.span, naming.timeZone), "{{ millrace.as_of() }}"];
      return `${subject} between ${from} and ${until}`;
    }
    default:
      return operandSql(subject, type, comparison.op, comparison.to, naming);
  }
}

function operandSql(subject: string, type: ValueType, op: Order, to: Operand, naming: Naming): string {
  if ("literal" in to) return `${subject} ${sign(op)} ${literal(to.literal)}`;
  if ("trait" in to) {
    const times = to.times === 1 ? "" : ` * ${literal(to.times)}`;
    const plus = to.plus === 0 ? "" : ` ${to.plus < 0 ? "-" : "+"} ${literal(Math.abs(to.plus))}`;
    return `${subject} ${sign(op)} ${naming.trait(to.trait)}${times}${plus}`;
  }
  return momentSql(subject, type, op, to.moment, naming.timeZone);
}

/** A day is a whole day: later than a day is from the next one on. Something ago is an instant, or for a date its day. */
function momentSql(subject: string, type: ValueType, op: Order, moment: Moment, timeZone: string): string {
  if ("ago" in moment) {
    return `${subject} ${sign(op)} ${type === "date" ? dayAgo(moment.ago, timeZone) : ago(moment.ago, timeZone)}`;
  }
  if (type === "date") {
    const day =
      "day" in moment ? `cast('${moment.day}' as date)` : dayAgo({ count: moment.daysAgo, unit: "day" }, timeZone);
    return `${subject} ${sign(op)} ${day}`;
  }
  const day = "day" in moment ? `'${moment.day}'` : "none";
  const shift = "day" in moment ? 0 : -moment.daysAgo;
  const start = (days: number): string => `{{ millrace.start_of_day(${day}, ${days}, '${timeZone}') }}`;
  const [from, next] = [start(shift), start(shift + 1)];
  switch (op) {
    case "eq":
      return `(${subject} >= ${from} and ${subject} < ${next})`;
    case "ne":
      return `(${subject} < ${from} or ${subject} >= ${next})`;
    case "gt":
      return `${subject} >= ${next}`;
    case "lte":
      return `${subject} < ${next}`;
    default:
      return `${subject} ${sign(op)} ${from}`;
  }
}

/** The instant so long before the run's. */
export const ago = ({ count, unit }: Span, timeZone: string): string =>
  `{{ millrace.ago(${count}, '${unit}', '${timeZone}') }}`;

const dayAgo = ({ count, unit }: Span, timeZone: string): string =>
  `{{ millrace.day_ago(${count}, '${unit}', '${timeZone}') }}`;

const today = (timeZone: string): string => dayAgo({ count: 0, unit: "day" }, timeZone);

/** SQL that we made, as a text in a Jinja call. */
export const quoted = (sql: string): string => `"${sql.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** A literal inside a Jinja call: a nested `{{ call }}` becomes the call itself. */
function asArgument(sql: string): string {
  const call = /^\{\{ (.*) \}\}$/s.exec(sql)?.[1];
  return call ?? quoted(sql);
}

/** A condition that may itself call macros, as an argument: the parts are joined when dbt renders them. */
export function jinjaCall(condition: string): string {
  const parts = condition.split(/(\{\{ .*? \}\})/s).filter((part) => part !== "");
  return parts.map((part) => /^\{\{ (.*) \}\}$/s.exec(part)?.[1] ?? quoted(part)).join(" ~ ");
}
