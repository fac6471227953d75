import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { assertBound, bindingOf, differences, readBindings } from "../../src/state/bindings.ts";
import { dropSync, ensureSync } from "../../src/state/ensure.ts";
import { stateTables } from "../../src/state/names.ts";
import { LedgerLab } from "../support/ledger-lab.ts";
import { aSync } from "../support/sync.ts";

const tables = stateTables("millrace");

let lab: LedgerLab;
beforeEach(async () => {
  lab = await LedgerLab.open();
});
afterEach(() => lab.close());

const ann = { id: "1", email: "ann@example.com", name: "Ann" };
const bob = { id: "2", email: "bob@example.com", name: "Bob" };
const refuseBob = (change: { readonly key: string }) =>
  change.key === "2"
    ? ({ status: "rejected", code: "NO", message: "no" } as const)
    : ({ status: "delivered" } as const);

const tableNames = async (): Promise<string[]> =>
  (
    await lab.rows(
      "select table_name as name from information_schema.tables where table_schema = 'millrace' and table_name like '%!_!_%' escape '!' order by 1",
      z.object({ name: z.string() }),
    )
  ).map(({ name }) => name);

const rejectedBy = async (): Promise<string[]> =>
  (
    await lab.rows(
      "select sync, key from millrace.rejects order by sync",
      z.object({ sync: z.string(), key: z.string() }),
    )
  ).map(({ sync, key }) => `${sync} ${key}`);

const delivered = async (name: string): Promise<void> => {
  const sync = aSync({ name });
  await lab.settle(sync, await lab.plan(sync), refuseBob);
};

describe("the rejects view", () => {
  test("shows every sync's rejects under its name, and loses a sync that ends", async () => {
    await lab.model([ann, bob]);
    await delivered("first");
    await delivered("o'second");
    await delivered("third");
    expect(await rejectedBy()).toEqual(["first 2", "o'second 2", "third 2"]);
    await lab.warehouse.session("write", (session) => dropSync(session, tables, "o'second"));
    expect(await rejectedBy()).toEqual(["first 2", "third 2"]);
    for (const name of ["first", "third"]) {
      await lab.warehouse.session("write", (session) => dropSync(session, tables, name));
    }
    expect(await tableNames()).toEqual([]);
    await expect(rejectedBy()).rejects.toMatchObject({ code: "RELATION_MISSING" });
  });
});

describe("renamed_from", () => {
  test("carries ledger, rejects and mapping over, so that nothing is sent again", async () => {
    await lab.model([ann, bob]);
    await delivered("old-name");
    const renamed = aSync({ name: "new-name", renamedFrom: "old-name" });
    const plan = await lab.plan(renamed);
    expect(plan.plan).toMatchObject({ total: 0, mappingChanges: [], counts: { unchanged: 1, refused: 1 } });
    expect(await tableNames()).toEqual(["ledger__new_name", "plan__new_name", "rejects__new_name"]);
    expect(await rejectedBy()).toEqual(["new-name 2"]);
    await lab.settle(renamed, plan);
    const again = await lab.plan(renamed);
    expect(again.plan).toMatchObject({ total: 0, counts: { unchanged: 1, refused: 1 } });
  });

  test("leaves the last settled run behind, which the store knows by the former name", async () => {
    await lab.model([ann]);
    await delivered("old-name");
    await lab.plan(aSync({ name: "new-name", renamedFrom: "old-name" }));
    const bindings = await lab.warehouse.session("read", (session) => readBindings(session, tables));
    expect(bindings).toMatchObject([{ sync: "new-name", ledger: "ledger__new_name", lastSettledRun: null }]);
  });

  test("works where both names have the same tables", async () => {
    await lab.model([ann]);
    await delivered("a-b");
    expect((await lab.plan(aSync({ name: "a_b", renamedFrom: "a-b" }))).plan.total).toBe(0);
    expect(await tableNames()).toEqual(["ledger__a_b", "plan__a_b", "rejects__a_b"]);
  });

  test("means nothing when the former name was never used, and nothing a second time", async () => {
    await lab.model([ann]);
    const sync = aSync({ name: "new-name", renamedFrom: "never" });
    await lab.settle(sync, await lab.plan(sync));
    await delivered("never");
    expect((await lab.plan(sync)).plan.total).toBe(0);
    expect(await tableNames()).toContain("ledger__never");
  });
});

test("refuses a sync whose tables would be another's", async () => {
  await lab.model([ann]);
  await delivered("a-b");
  await expect(lab.plan(aSync({ name: "a_b" }))).rejects.toMatchObject({
    code: "CONFIG",
    exitCode: 2,
    message: "syncs a_b and a-b would share the table ledger__a_b",
  });
});

test("a plan that fails leaves no trace of a new sync", async () => {
  await expect(lab.plan(aSync({ source: { kind: "table", name: "analytics.gone" } }))).rejects.toMatchObject({
    code: "RELATION_MISSING",
  });
  expect(await tableNames()).toEqual([]);
});

test("making a sync's tables twice changes nothing", async () => {
  await lab.model([ann]);
  await delivered("people");
  const stored = await lab.warehouse.session("write", (session) => ensureSync(session, tables, "people", undefined));
  expect(stored).toMatchObject({ sync: "people", ledger: "ledger__people" });
  expect(await lab.ledger(aSync({ name: "people" }))).toHaveLength(1);
});

describe("the binding", () => {
  const sync = aSync();
  const bound = bindingOf(sync, "fake:host", "list/L");

  test.each([
    ["account", bindingOf(sync, "fake:other", "list/L"), "account: fake:host → fake:other"],
    ["object", bindingOf(sync, "fake:host", "list/M"), "object: list/L → list/M"],
    [
      "target",
      bindingOf({ ...sync, to: { ...sync.to, target: "profile" } }, "fake:host", "list/L"),
      "target: list → profile",
    ],
    ["key", bindingOf({ ...sync, key: "uid" }, "fake:host", "list/L"), "key: id → uid"],
    [
      "match",
      bindingOf({ ...sync, match: { email: "mail" } }, "fake:host", "list/L"),
      'match: {"email":"email"} → {"email":"mail"}',
    ],
  ])("differs by %s", (_, now, difference) => {
    expect(differences(bound, now)).toEqual([difference]);
    const stored = { ...bound, sync: sync.name, ledger: "l", mapping: "{}", lastSettledRun: null };
    expect(() => assertBound(sync, stored, now)).toThrow(
      expect.objectContaining({
        code: "LEDGER_BOUND_ELSEWHERE",
        message: expect.stringContaining(difference),
        hint: expect.stringMatching(/--adopt.*--rebuild.*retire/),
      }),
    );
  });

  test("does not mind the order of the identifiers, nor mode, fields and guard", () => {
    const two = { ...sync, match: { b: "x", a: "y" } };
    const other = { ...two, match: { a: "y", b: "x" }, mode: "upsert" as const, fields: {} };
    expect(differences(bindingOf(two, "k", "o"), bindingOf(other, "k", "o"))).toEqual([]);
  });
});
