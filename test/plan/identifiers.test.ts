import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FrozenChange } from "../../src/plan/read-changes.ts";
import { LedgerLab, listTarget } from "../support/ledger-lab.ts";
import { aSync } from "../support/sync.ts";

let lab: LedgerLab;
beforeEach(async () => {
  lab = await LedgerLab.open();
});
afterEach(() => lab.close());

const target = { ...listTarget, kind: "records" as const, movesMatch: true };
const sync = aSync();
const ann = { id: "1", email: "ann@example.com", name: "Ann" };
const bob = { id: "2", email: "bob@example.com", name: "Bob" };

const told = (changes: readonly FrozenChange[]): string[] =>
  changes.map(({ op, key, match, externalId, movedFrom }) =>
    [op, key, match.email, externalId ?? "new", ...(movedFrom ? [`from ${movedFrom.email}`] : [])].join(" "),
  );

async function known(): Promise<void> {
  await lab.model([ann, bob]);
  await lab.settle(sync, await lab.plan(sync, { target }), (change) => ({
    status: "delivered",
    externalId: `x${change.key}`,
  }));
}

describe("on a target that moves records by their own id", () => {
  test("two people who swap e-mails swap records", async () => {
    await known();
    await lab.model([
      { ...ann, email: bob.email },
      { ...bob, email: ann.email },
    ]);
    const plan = await lab.plan(sync, { target });
    expect(told(plan.changes).toSorted()).toEqual(["update 1 bob@example.com x2", "update 2 ann@example.com x1"]);
    await lab.settle(sync, plan);
    expect((await lab.plan(sync, { target })).plan.total).toBe(0);
  });

  test("one record is never given to two: who takes the old e-mail takes the record", async () => {
    await known();
    await lab.model([
      { ...ann, email: "ann@new.example" },
      { ...bob, email: ann.email },
    ]);
    const plan = await lab.plan(sync, { target });
    expect(told(plan.changes).toSorted()).toEqual([
      "add 1 ann@new.example new",
      "remove 2 bob@example.com x2",
      "update 2 ann@example.com x1",
    ]);
    await lab.settle(sync, plan);
    expect((await lab.plan(sync, { target })).plan.total).toBe(0);
  });

  test("who takes over a leaver's record gives up the former one", async () => {
    await known();
    await lab.model([{ ...ann, email: bob.email }]);
    const plan = await lab.plan(sync, { target });
    expect(told(plan.changes)).toEqual(["remove 1 ann@example.com x1", "update 1 bob@example.com x2"]);
    expect(plan.plan.counts.netted).toBe(1);
    await lab.settle(sync, plan);
    expect((await lab.plan(sync, { target })).plan.total).toBe(0);
  });

  test("a move is no netting", async () => {
    await known();
    await lab.model([{ ...ann, email: "ann@new.example" }, bob]);
    const plan = await lab.plan(sync, { target });
    expect(told(plan.changes)).toEqual(["update 1 ann@new.example x1 from ann@example.com"]);
    expect(plan.plan.counts.netted).toBe(0);
  });
});

describe("a key that is sent once", () => {
  test.each(["insert", "append"] as const)("%s: is not sent again under a new e-mail", async (mode) => {
    const once = aSync({ mode });
    await lab.model([ann]);
    await lab.settle(once, await lab.plan(once));
    await lab.model([{ ...ann, email: "ann@new.example" }]);
    expect((await lab.plan(once)).plan).toMatchObject({ total: 0, counts: { unchanged: 1 } });
  });

  test("append: many keys of one person are many", async () => {
    const append = aSync({ mode: "append" });
    await lab.model([ann, { ...bob, email: ann.email }]);
    await lab.settle(append, await lab.plan(append));
    await lab.model([{ id: "3", email: ann.email, name: "A third" }]);
    const plan = await lab.plan(append);
    expect(plan.changes.map(({ op, key }) => `${op} ${key}`)).toEqual(["add 3"]);
    await lab.settle(append, plan);
    await lab.model([ann, { ...bob, email: ann.email }]);
    expect((await lab.plan(append)).plan.total).toBe(0);
  });

  test.each(["insert", "append"] as const)("%s: is called an add, also when everything is sent again", async (mode) => {
    const once = aSync({ mode });
    await lab.model([ann]);
    await lab.settle(once, await lab.plan(once));
    expect((await lab.plan(once, { scope: "full" })).changes.map(({ op, key }) => `${op} ${key}`)).toEqual(["add 1"]);
  });
});

test("a snapshot is not written with holes: a row that cannot be sent any more is refused", async () => {
  const number = {
    source: { from: "column", column: "name", type: "number" },
    nulls: "write",
    onlyIfEmpty: false,
  } as const;
  const append = aSync({ mode: "append", fields: { n: number } });
  const snapshot = { ...listTarget, contents: "snapshot" as const };
  await lab.model([
    { ...ann, name: "1" },
    { ...bob, name: "2" },
  ]);
  await lab.settle(append, await lab.plan(append, { target: snapshot }));
  await lab.model([
    { ...ann, name: "one" },
    { ...bob, name: "2" },
    { id: "3", email: "c@example.com", name: "3" },
  ]);
  const plan = await lab.plan(append, { target: snapshot });
  expect(plan.changes.map(({ op, key, fields }) => `${op} ${key} ${String(fields.n)}`)).toEqual([
    "add 3 3",
    "update 2 2",
  ]);
  expect(plan.plan.counts).toMatchObject({ add: 1, keep: 1, unchanged: 1, refused: 1 });
});

test("a copy under an e-mail the key once had is a duplicate, too", async () => {
  await lab.model([ann]);
  await lab.settle(sync, await lab.plan(sync));
  const moved = { ...ann, email: "ann@new.example" };
  await lab.model([moved]);
  await lab.settle(sync, await lab.plan(sync));
  await lab.model([ann, moved]);
  const plan = await lab.plan(sync);
  expect(plan.plan).toMatchObject({ total: 0, counts: { refused: 2, unchanged: 0 } });
  expect(plan.refusals).toMatchObject([{ code: "DUPLICATE_KEY", rows: 2 }]);
});

describe("another destination", () => {
  const refuse = () => ({ status: "rejected", code: "NO", message: "no" }) as const;

  test.each(["rebuild", "adopt"] as const)("%s takes rows that the former one refused", async (scope) => {
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync), refuse);
    expect((await lab.plan(sync)).plan.total).toBe(0);
    const elsewhere = { ...listTarget, object: "list/M" };
    expect((await lab.plan(sync, { scope, target: elsewhere })).changes).toMatchObject([{ op: "add", key: "1" }]);
  });
});
