import { expect, test } from "vitest";
import { steadyDays } from "../support/steady-days.ts";

const days = Number(process.env.MILLRACE_DAYS ?? 12);
const seed = Number(process.env.MILLRACE_SEED ?? 7);

test(`re-evaluating only whose rows are new, late, due or expiring equals evaluating everybody, ${days} days (MILLRACE_DAYS, MILLRACE_SEED=${seed})`, {
  timeout: 900_000,
}, async () => {
  const told = await steadyDays(days, seed);
  expect(told.flatMap(({ failed }) => failed)).toEqual([]);
  expect(told).toHaveLength(days);
  for (const day of told) expect(day).toMatchObject({ traitsDiffer: 0, membersDiffer: 0, historyDiffers: 0 });
  // It must have had something to say, and not have evaluated everybody to say it.
  expect(Math.min(...told.map(({ members }) => members))).toBeGreaterThan(5);
  const share = told.slice(1).map(({ evaluated, profiles }) => evaluated / profiles);
  expect(Math.min(...share)).toBeLessThan(0.4);
});
