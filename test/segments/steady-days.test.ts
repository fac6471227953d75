import { expect, test } from "vitest";
import { freshDatabase } from "../support/postgres-database.ts";
import { steadyDays } from "../support/steady-days.ts";

const days = Number(process.env.MILLRACE_DAYS ?? 0);
const seed = Number(process.env.MILLRACE_SEED ?? 7);

test.each([
  ["plain", "duckdb", days || 10],
  ["resolved", "duckdb", days || 7],
  ["resolved", "postgres", days || 4],
] as const)(
  `re-evaluating only whose rows are new, late, due, expiring or another's equals evaluating everybody: %s profiles on %s, %i days (MILLRACE_DAYS, MILLRACE_SEED=${seed})`,
  {
    timeout: Math.max(900_000, 60_000 * days),
  },
  async (profiles, engine, count) => {
    const database = engine === "postgres" ? await freshDatabase() : undefined;
    const { days: told, identity } = await steadyDays(count, seed, profiles, database?.url).finally(() =>
      database?.remove(),
    );
    expect(told.flatMap(({ failed }) => failed)).toEqual([]);
    expect(told).toHaveLength(count);
    for (const day of told) {
      expect(day).toMatchObject({ traitsDiffer: 0, membersDiffer: 0, historyDiffers: 0 });
      if (day.history === "updated") expect(day).toMatchObject({ openDiffer: 0 });
    }
    // It must have had something to say, and not have evaluated everybody to say it.
    expect(Math.min(...told.map(({ members }) => members))).toBeGreaterThan(5);
    const share = told.slice(1).map(({ evaluated, profiles }) => evaluated / profiles);
    expect(Math.min(...share)).toBeLessThan(0.4);
    // Below a fifth, history looks at nobody else.
    expect(Math.min(...told.slice(1).map(({ flagsChanged, flagged }) => flagsChanged / flagged))).toBeLessThan(0.2);
    // Merges, splits, quarantines; and, where there is time for it, stays that began and that ended for them: ids are random, and so is whose goes.
    if (profiles === "resolved") {
      for (const some of identity.slice(0, count < 7 ? 3 : 5)) expect(some).toBeGreaterThan(0);
    }
  },
);
