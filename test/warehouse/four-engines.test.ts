import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RowFate } from "../../src/core/result.ts";
import type { Mode } from "../../src/core/sync.ts";
import { emulatorMissing } from "../support/bigquery/emulator.ts";
import { labsOnBigQuery } from "../support/bigquery/lab.ts";
import { changeSet, refusalSet } from "../support/change-set.ts";
import { LedgerLab, listTarget, type Person } from "../support/ledger-lab.ts";
import { labsOnPostgres } from "../support/postgres-lab.ts";
import { whyNoFakesnow } from "../support/snowflake/fakesnow.ts";
import { labsOnFakesnow } from "../support/snowflake/on-fakesnow.ts";
import { aSync } from "../support/sync.ts";

// The stand-ins take seconds of CPU for a plan, so one short history on every run, always the same. By hand:
// MILLRACE_HISTORIES=20 MILLRACE_SEED=7 npm test -- test/warehouse/four-engines.test.ts
vi.setConfig({ testTimeout: 3_600_000, hookTimeout: 300_000 });
const histories = Number(process.env.MILLRACE_HISTORIES ?? 1);
const seed = Number(process.env.MILLRACE_SEED ?? 3);

const fates: readonly RowFate[] = [
  { status: "delivered", externalId: "x1" },
  { status: "accepted" },
  { status: "rejected", code: "NO", message: "no" },
  { status: "retry", code: "LATER", message: "later" },
];

/** Few e-mails, so that they meet; a place of the model mostly keeps its own key, so that people have a past. */
const person = fc.record({
  id: fc.constantFrom("own", "own", "own", "own", "own", "own", "1", null),
  email: fc.constantFrom("own", "own", "own", "own", "a@x", "b@x", "B@x", ""),
  name: fc.constantFrom("Ann", "O'Brien 😀", "", "12.50", 'a"b\\c', null),
});
const personAt = (
  { id, email, name }: { id: string | null; email: string; name: string | null },
  at: number,
): Person => ({
  id: id === "own" ? `${at}ä` : id,
  email: email === "own" ? `${at}@x` : email,
  name,
});
const history = fc.record({
  mode: fc.constantFrom<Mode>("mirror", "mirror", "upsert", "update", "append"),
  moves: fc.boolean(),
  steps: fc.array(
    fc.record({
      people: fc.array(fc.option(person, { freq: 4 }), { minLength: 7, maxLength: 7 }),
      fates: fc.array(fc.nat(fates.length - 1), { minLength: 3, maxLength: 3 }),
    }),
    { minLength: 3, maxLength: process.env.MILLRACE_HISTORIES === undefined ? 3 : 6 },
  ),
});

const drawn = fc.sample(history, { numRuns: histories, seed });

/** What each step of each history plans, without the order that is an engine's own. */
async function planned(lab: LedgerLab) {
  const told: unknown[] = [];
  for (const [n, { mode, moves, steps }] of drawn.entries()) {
    const sync = aSync({ name: `history${n}`, mode });
    for (const [step, { people: places, fates: picks }] of steps.entries()) {
      await lab.model(places.flatMap((place, at) => (place === null ? [] : [personAt(place, at)])));
      const plan = await lab.plan(sync, { target: { ...listTarget, movesMatch: moves } });
      told.push({ changes: changeSet(plan.changes), counts: plan.plan.counts, refusals: refusalSet(plan.refusals) });
      // Nothing is planned after the last one.
      if (step === steps.length - 1) break;
      // By key, because the numbers of the changes are not the same.
      const fateOf = (key: string) => fates[picks[(key.codePointAt(0) ?? 0) % picks.length] ?? 0];
      await lab.settle(sync, plan, ({ key }) => fateOf(key) ?? { status: "delivered" });
    }
  }
  return told;
}

let onDuckDb: Awaited<ReturnType<typeof planned>>;
beforeAll(async () => {
  const lab = await LedgerLab.open();
  onDuckDb = await planned(lab).finally(() => lab.close());
});

test("the history adds, updates, removes and refuses, so that there is something to compare", (context) => {
  if (process.env.MILLRACE_SEED !== undefined) context.skip("a seed of one's own may draw a quiet history");
  const told = JSON.stringify(onDuckDb);
  for (const part of ['"op":"add"', '"op":"update"', '"op":"remove"', '"code":']) expect(told).toContain(part);
});

describe.each([
  { name: "Postgres", labs: labsOnPostgres, missing: null },
  { name: "Snowflake", labs: labsOnFakesnow, missing: await whyNoFakesnow() },
  // Its labs are chosen at once, which must wait for those before it.
  { name: "BigQuery", labs: () => beforeAll(labsOnBigQuery), missing: emulatorMissing() },
])("the same random history of changes on $name", ({ labs, missing }) => {
  if (missing !== null) return test("has the change sets of DuckDB", (context) => context.skip(missing));
  labs();
  let lab: LedgerLab | null = null;
  afterAll(() => lab?.close());
  test("has the change sets of DuckDB", async () => {
    lab = await LedgerLab.open();
    expect(await planned(lab)).toEqual(onDuckDb);
  });
});
