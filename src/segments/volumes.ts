import type { Comparison, EventDeclaration, Filter, Property } from "../core/declared.ts";
import type { CountedPattern } from "./patterns.ts";

/** How much there is in one table of events, as far as the files tell. */
export interface Volumes {
  /** How long the table's past is. */
  readonly days: number;
  readonly rowsPerProfile: number;
  /** Rows of all its events together; undefined where an event does not say. */
  readonly rows: number | undefined;
}

/** What is taken for true where nothing tells. */
const unknown = { days: 730, rowsPerProfile: 10 } as const;

/** Of events that share a table. */
export function volumesOf(events: readonly EventDeclaration[]): Volumes {
  const rows = sum(events.map(({ volume }) => volume?.rows));
  const profiles = Math.max(...events.map(({ volume }) => volume?.profiles ?? 0));
  const days = Math.max(...events.map(({ volume }) => volume?.days ?? 0));
  return {
    days: days > 0 ? days : unknown.days,
    rowsPerProfile: rows !== undefined && profiles > 0 ? Math.max(1, rows / profiles) : unknown.rowsPerProfile,
    rows,
  };
}

/** The share of the table's rows that are the pattern's, whenever they happened. */
export function shareOfRows({ event, pattern }: CountedPattern, { rows }: Volumes): number {
  const own =
    rows !== undefined && event.volume?.rows !== undefined
      ? event.volume.rows / Math.max(1, rows)
      : shareOf(event.where, new Map());
  const properties = new Map([...event.properties.values()].map((property) => [property.column, property]));
  return own * shareOf(pattern.where, properties);
}

const shareOf = (filters: readonly Filter[], properties: ReadonlyMap<string, Property>): number =>
  filters.reduce((share, { column, comparisons }) => share * comparisonsShare(comparisons, properties.get(column)), 1);

/** Comparisons of one value; those that bound it are one range. */
function comparisonsShare(comparisons: readonly Comparison[], property: Property | undefined): number {
  let share = 1;
  let low = property?.range?.[0] ?? Number.NaN;
  let high = property?.range?.[1] ?? Number.NaN;
  const width = high - low;
  for (const comparison of comparisons) {
    const bound = "to" in comparison && "literal" in comparison.to ? comparison.to.literal : undefined;
    if (width > 0 && typeof bound === "number" && (comparison.op === "gt" || comparison.op === "gte")) {
      low = Math.max(low, bound);
    } else if (width > 0 && typeof bound === "number" && (comparison.op === "lt" || comparison.op === "lte")) {
      high = Math.min(high, bound);
    } else share *= comparisonShare(comparison, property?.values);
  }
  return width > 0 ? (share * Math.max(0, high - low)) / width : share;
}

/** What planners assume of a column they know nothing about, unless the files say how many values it has. */
function comparisonShare(comparison: Comparison, values: number | undefined): number {
  const one = values === undefined ? 0.1 : 1 / values;
  switch (comparison.op) {
    case "eq":
      return one;
    case "in":
      return Math.min(values === undefined ? 0.5 : 1, one * comparison.values.length);
    case "matches":
    case "contains":
    case "starts_with":
    case "ends_with":
      return 0.1;
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return 1 / 3;
    default:
      return 0.9;
  }
}

/** undefined if one of them is. */
function sum(numbers: readonly (number | undefined)[]): number | undefined {
  let total = 0;
  for (const each of numbers) {
    if (each === undefined) return undefined;
    total += each;
  }
  return total;
}
