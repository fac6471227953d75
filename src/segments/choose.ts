import type { Comparison, Filter, Span } from "../core/declared.ts";
import type { CountedPattern } from "./patterns.ts";

/** Which patterns of a table share one pass, and which are counted in a pass of their own. */
export interface Choice {
  readonly shared: readonly CountedPattern[];
  readonly apart: readonly CountedPattern[];
}

/**
 * CPU-seconds of DuckDB for a table of 10,000,000 rows of 1,000,000 profiles, fitted to single measurements of fifty wide and fifty
 * narrow patterns; only their proportions matter. `column`: writing one column of a row per profile.
 */
const costs = { read: 0.3, group: 0.9, count: 0.08, column: 0.033 } as const;

/** Rows per profile in the whole table, as far as anybody can guess. */
const rowsPerProfile = 10;

/** How long the table's past is taken to be where nothing tells. */
const historyDays = 730;

/**
 * The split that costs least: the patterns that take most rows share a pass, the rest are counted apart. A shared pass reads and
 * groups every row that any of its patterns wants and evaluates all of them on each; a pass apart reads the table again, but groups
 * only its own rows.
 */
export function choose(patterns: readonly CountedPattern[], daysOf: (span: Span) => number): Choice {
  const weighed = patterns
    .map((pattern) => ({ pattern, share: shareOf(pattern, daysOf), window: windowShare(pattern, daysOf) }))
    .sort((a, b) => b.share - a.share || (a.pattern.name < b.pattern.name ? -1 : 1));
  let best: { readonly cost: number; readonly shared: number } = { cost: Number.POSITIVE_INFINITY, shared: 0 };
  for (let shared = 0; shared <= weighed.length; shared++) {
    if (shared === 1) continue; // a pass for one is a pass apart
    const together = weighed.slice(0, shared);
    const cost = sharedCost(together) + weighed.slice(shared).reduce((sum, each) => sum + apartCost(each), 0);
    if (cost < best.cost) best = { cost, shared };
  }
  return {
    shared: weighed.slice(0, best.shared).map(({ pattern }) => pattern),
    apart: weighed.slice(best.shared).map(({ pattern }) => pattern),
  };
}

interface Weighed {
  readonly share: number;
  readonly window: number;
}

/** Tables of events lie in the order of time, so that a window is read and the rest is skipped. */
const apartCost = ({ share, window }: Weighed): number => costs.read * window + costs.group * share;

function sharedCost(patterns: readonly Weighed[]): number {
  if (patterns.length === 0) return 0;
  const window = Math.max(...patterns.map((each) => each.window));
  const profiles = 1 - Math.exp(-rowsPerProfile * window);
  return (
    window * (costs.read + costs.group + patterns.length * costs.count) + profiles * patterns.length * costs.column
  );
}

/** The share of the table's rows that a pattern counts, as far as the files tell. */
export function shareOf({ event, pattern }: CountedPattern, daysOf: (span: Span) => number): number {
  const filters = [...event.where, ...pattern.where].reduce((share, filter) => share * filterShare(filter), 1);
  return windowShare({ event, pattern }, daysOf) * filters;
}

const windowShare = ({ pattern }: Pick<CountedPattern, "event" | "pattern">, daysOf: (span: Span) => number): number =>
  pattern.within === undefined ? 1 : Math.min(1, daysOf(pattern.within) / historyDays);

const filterShare = ({ comparisons }: Filter): number =>
  comparisons.reduce((share, comparison) => share * comparisonShare(comparison), 1);

/** What planners assume of a column they know nothing about. */
function comparisonShare(comparison: Comparison): number {
  switch (comparison.op) {
    case "eq":
      return 0.1;
    case "in":
      return Math.min(0.5, 0.1 * comparison.values.length);
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
