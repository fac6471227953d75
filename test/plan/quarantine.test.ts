import { afterEach, beforeEach, expect, test } from "vitest";
import type { FrozenChange } from "../../src/plan/read-changes.ts";
import { LedgerLab, listTarget } from "../support/ledger-lab.ts";
import { aSync } from "../support/sync.ts";

let lab: LedgerLab;
beforeEach(async () => {
  lab = await LedgerLab.open();
});
afterEach(() => lab.close());

const target = { ...listTarget, kind: "records" as const };
const sync = aSync();
/** By another key, of a model that says whose profile a row is: 1 belongs to p1, and so on. */
const byColumn = aSync({ source: { kind: "table", name: "analytics.owned" } });
const ann = { id: "1", email: "ann@example.com", name: "Ann" };
const bob = { id: "2", email: "bob@example.com", name: "Bob" };
const cyd = { id: "3", email: "cyd@example.com", name: "Cyd" };
const told = (changes: readonly FrozenChange[]): string[] =>
  changes.map(({ op, key, match }) => `${op} ${key} ${String(match.email)}`).toSorted();

/** Ann and Bob are at the destination; Ann and Cyd are quarantined from then on. */
async function held() {
  await lab.model([ann, bob]);
  await lab.settle(sync, await lab.plan(sync, { target }));
  return lab.quarantine(["1", "3"]);
}

test("a quarantined key is neither updated, moved nor added, and each is told", async () => {
  const profiles = await held();
  await lab.model([{ ...ann, name: "Anna" }, { ...bob, name: "Bobby" }, cyd]);
  const plan = await lab.plan(sync, { target, profiles });
  expect(told(plan.changes)).toEqual(["update 2 bob@example.com"]);
  expect(plan.refusals).toEqual([{ code: "QUARANTINED", message: expect.stringContaining("identity"), rows: 2 }]);
  expect(plan.plan.counts).toMatchObject({ modelRows: 3, unchanged: 0, add: 0, update: 1, remove: 0, refused: 2 });

  await lab.model([{ ...ann, email: "ann@new.example" }, bob]);
  expect(told((await lab.plan(sync, { target, profiles })).changes)).toEqual([]);
});

test("a quarantined key that left the model is not removed until it is let go", async () => {
  const profiles = await held();
  await lab.model([]);
  const kept = await lab.plan(sync, { target, profiles });
  expect(told(kept.changes)).toEqual(["remove 2 bob@example.com"]);
  await lab.settle(sync, kept);
  expect((await lab.plan(sync, { target, profiles })).plan.total).toBe(0);
  await lab.quarantine([]);
  expect(told((await lab.plan(sync, { target, profiles })).changes)).toEqual(["remove 1 ann@example.com"]);
});

test("nobody takes over the record of a quarantined key", async () => {
  const profiles = await held();
  await lab.model([bob, { ...cyd, id: "4", email: ann.email }]);
  const plan = await lab.plan(sync, { target, profiles });
  expect(told(plan.changes)).toEqual([]);
  expect(plan.refusals.map(({ code }) => code)).toEqual(["DUPLICATE_MATCH"]);
});

test("a row of a quarantined profile is frozen under another key, where the model says whose it is; who left the model has left", async () => {
  const owned = async (people: readonly (typeof ann)[]) => {
    await lab.model(people);
    await lab.sql("drop table if exists analytics.owned");
    await lab.sql(
      "create table analytics.owned as select id, email, name, 'p' || id as profile_id from analytics.people",
    );
  };
  await owned([ann, bob]);
  const profiles = await lab.quarantine([], "column");
  await lab.settle(byColumn, await lab.plan(byColumn, { target, profiles }));
  await lab.quarantine(["p1", "p3"], "column");
  await owned([{ ...ann, name: "Anna" }, { ...bob, name: "Bobby" }, cyd]);
  const plan = await lab.plan(byColumn, { target, profiles });
  expect(told(plan.changes)).toEqual(["update 2 bob@example.com"]);
  expect(plan.refusals).toEqual([{ code: "QUARANTINED", message: expect.stringContaining("identity"), rows: 2 }]);
  await lab.settle(byColumn, plan);
  await owned([{ ...bob, name: "Bobby" }]);
  expect(told((await lab.plan(byColumn, { target, profiles })).changes)).toEqual(["remove 1 ann@example.com"]);
  await lab.quarantine([], "column");
  await owned([{ ...ann, name: "Anna" }, { ...bob, name: "Bobby" }, cyd]);
  expect(told((await lab.plan(byColumn, { target, profiles })).changes)).toEqual([
    "add 3 cyd@example.com",
    "update 1 ann@example.com",
  ]);
});

test("a model that does not say whose its rows are is sent as it is", async () => {
  await lab.model([ann, bob]);
  const profiles = await lab.quarantine(["1", "2"], "column");
  expect(told((await lab.plan(sync, { target, profiles })).changes)).toEqual([
    "add 1 ann@example.com",
    "add 2 bob@example.com",
  ]);
});
