import type { EventDeclaration, Span } from "../core/declared.ts";
import type { CountedPattern } from "./patterns.ts";
import { shareOfRows, volumesOf } from "./volumes.ts";

/** Which patterns of a table share one pass, and which are counted in a pass of their own. */
export interface Choice {
  readonly shared: readonly CountedPattern[];
  readonly apart: readonly CountedPattern[];
}

/**
 * CPU-seconds of DuckDB for a table of 10,000,000 rows; only their proportions matter. Fitted to passes of 3 to 50 patterns each: with
 * windows of weeks, a year and none; with two equalities, one, a range, and no filter (docs/adr/0033-costs-of-passes.md has them).
 * `row` and `group` are for all the table's rows, and for as many profiles.
 */
const apart = { pass: 0.003, read: 0.093, row: 0.71, group: 1.69 } as const;
const shared = { row: 0.54, group: 1.2, patternRow: 0.106, patternGroup: 0.436 } as const;

/** What a pass for one pattern alone costs, and how far back it reads. */
interface Weighed {
  readonly pattern: CountedPattern;
  readonly apart: number;
  /** The share of the table's rows that lie in its window. */
  readonly window: number;
}

/**
 * The split that costs least: of the patterns whose window is no longer than some length, those that are dearest by themselves share a
 * pass, and the rest are counted apart. A shared pass reads and groups every row of the longest of its windows and evaluates all of
 * its patterns on each; a pass apart reads the table again, as far back as its own window, but groups only its own rows.
 */
export function choose(patterns: readonly CountedPattern[], daysOf: (span: Span) => number): Choice {
  const weighed = weigh(patterns, daysOf);
  const { rowsPerProfile } = volumesOf(eventsOf(patterns));
  const everybodyApart = weighed.reduce((sum, each) => sum + each.apart, 0);
  let best = { cost: everybodyApart, longest: 0, count: 0 };
  for (const longest of new Set(weighed.map(({ window }) => window))) {
    const profiles = groups(longest, rowsPerProfile);
    const pass = shared.row * longest + shared.group * profiles;
    const each = shared.patternRow * longest + shared.patternGroup * profiles;
    let cost = everybodyApart + pass;
    let count = 0;
    for (const one of weighed) {
      if (one.window > longest) continue;
      cost += each - one.apart;
      count += 1;
      // A pass for one is a pass apart.
      if (count > 1 && cost < best.cost) best = { cost, longest, count };
    }
  }
  const together = weighed.filter(({ window }) => window <= best.longest).slice(0, best.count);
  const names = new Set(together.map(({ pattern }) => pattern.name));
  return {
    shared: together.map(({ pattern }) => pattern),
    apart: weighed.map(({ pattern }) => pattern).filter(({ name }) => !names.has(name)),
  };
}

/** The dearest first; of equals in the order of their names, so that the order of the files has no say. */
function weigh(patterns: readonly CountedPattern[], daysOf: (span: Span) => number): Weighed[] {
  const volumes = volumesOf(eventsOf(patterns));
  return patterns
    .map((pattern) => {
      const { within } = pattern.pattern;
      const window = within === undefined ? 1 : Math.min(1, daysOf(within) / volumes.days);
      const rows = window * shareOfRows(pattern, volumes);
      // Tables of events lie in the order of time, so that a window is read and the rest is skipped.
      const cost =
        apart.pass + apart.read * window + apart.row * rows + apart.group * groups(rows, volumes.rowsPerProfile);
      return { pattern, apart: cost, window };
    })
    .sort((a, b) => b.apart - a.apart || (a.pattern.name < b.pattern.name ? -1 : 1));
}

/** Profiles that a share of the rows belongs to, for each row of the table, if rows fall on profiles by chance. */
const groups = (rows: number, rowsPerProfile: number): number =>
  (1 - Math.exp(-rowsPerProfile * rows)) / rowsPerProfile;

const eventsOf = (patterns: readonly CountedPattern[]): EventDeclaration[] => [
  ...new Map(patterns.map(({ event }) => [event.name, event])).values(),
];
