import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LedgerLab } from "../support/ledger-lab.ts";
import { aSync, column } from "../support/sync.ts";

let lab: LedgerLab;
beforeEach(async () => {
  lab = await LedgerLab.open();
});
afterEach(() => lab.close());

const odd = aSync({ source: { kind: "table", name: "analytics.odd" }, match: {} });

/** Every DuckDB type with a value, and a value that differs from it. https://duckdb.org/docs/stable/sql/data_types/overview */
const types: readonly (readonly [type: string, value: string, other: string, json: unknown])[] = [
  ["varchar", "'a' || chr(0) || 'b😀''\"'", "'a' || chr(0) || 'c'", "a\u0000b😀'\""],
  ["int", "1", "2", 1],
  ["hugeint", "170141183460469231731687303715884105727", "1", "170141183460469231731687303715884105727"],
  ["decimal(38,10)", "1.50", "1.51", 1.5],
  ["double", "'nan'", "0", null],
  ["double", "0.1", "0.2", 0.1],
  ["float", "1e10", "1e11", 10_000_000_000],
  ["boolean", "true", "false", true],
  ["date", "'2010-03-01'", "'2010-03-02'", "2010-03-01"],
  ["timestamp", "'2010-03-01 12:00:00'", "'2010-03-01 12:00:01'", "2010-03-01T12:00:00Z"],
  ["timestamptz", "'2010-03-01 12:00:00+02'", "'2010-03-01 12:00:00+01'", "2010-03-01T10:00:00Z"],
  ["timestamp_ns", "'2010-03-01 12:00:00.000001'", "'2010-03-01 12:00:00.000002'", "2010-03-01T12:00:00.000001Z"],
  ["time", "'12:00:00'", "'12:00:01'", "12:00:00"],
  ["timetz", "'12:00:00+02'", "'10:00:00+00'", "12:00:00+02"],
  ["interval", "'1 month'", "'30 days'", "1 month"],
  ["interval[]", "['1 month']", "['30 days']", ["1 month"]],
  [
    "uuid",
    "'00000000-0000-0000-0000-000000000001'",
    "'00000000-0000-0000-0000-000000000002'",
    "00000000-0000-0000-0000-000000000001",
  ],
  ["blob", "'\\xAA'", "'\\xAB'", "qg=="],
  ["bit", "'0101'", "'101'", "0101"],
  ["json", `'{"a": [1, null]}'`, `'{"a": [1]}'`, { a: [1, null] }],
  ["int[]", "[1, null]", "[1]", [1, null]],
  ["varchar[2]", "['a', 'b']", "['a', 'c']", ["a", "b"]],
  ["struct(a int, b varchar)", "{'a': 1, 'b': null}", "{'a': 1, 'b': ''}", { a: 1, b: null }],
  ["map(varchar, int)", "map {'k': 1}", "map {'k': 2}", { k: 1 }],
  ["union(n int, s varchar)", "1", "2", { n: 1 }],
  ["enum('x', 'y')", "'x'", "'y'", "x"],
];

describe("a field of every type is delivered, compared and adopted after an upgrade", () => {
  test.each(types)("%s %s", async (type, value, other, json) => {
    const sync = { ...odd, fields: { v: column("v") } };
    const model = (v: string) =>
      lab.sql(
        `create or replace table analytics.odd as select '1' as id, cast(${v} as ${type}) as v union all select '2', null`,
      );
    await model(value);
    const first = await lab.plan(sync);
    expect(first.changes.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ fields }) => fields)).toEqual([
      { v: json },
      { v: null },
    ]);
    await lab.settle(sync, first);
    expect((await lab.plan(sync)).plan.total).toBe(0);
    await lab.sql("update millrace.ledger__people_to_list set fp_engine = 'another', fast_fp = 7");
    expect((await lab.plan(sync)).plan.total).toBe(0);
    await model(other);
    expect((await lab.plan(sync)).changes.map(({ op, key }) => `${op} ${key}`)).toEqual(["update 1"]);
  });
});

describe("a key of every type", () => {
  test.each([
    ["int", "-7", "-7"],
    ["hugeint", "170141183460469231731687303715884105727", "170141183460469231731687303715884105727"],
    ["decimal(10,2)", "1.50", "1.5"],
    ["double", "1", "1"],
    ["uuid", "'00000000-0000-0000-0000-000000000001'", "00000000-0000-0000-0000-000000000001"],
    ["date", "'2010-03-01'", "2010-03-01"],
    ["timestamptz", "'2010-03-01 12:00:00+02'", "2010-03-01T10:00:00.000000Z"],
    ["boolean", "true", "true"],
    ["varchar", "''", ""],
    ["varchar", "'a' || chr(0) || '😀''\"; --'", "a\u0000😀'\"; --"],
    ["varchar", "repeat('k', 100000)", "k".repeat(100_000)],
  ])("%s %s", async (type, value, key) => {
    const make = (name: string) =>
      lab.sql(`create or replace table analytics.odd as select cast(${value} as ${type}) as id, '${name}' as name`);
    await make("A");
    const first = await lab.plan(odd);
    expect(first.changes).toMatchObject([{ op: "add", key }]);
    await lab.settle(odd, first);
    await make("B");
    const second = await lab.plan(odd);
    expect(second.changes).toMatchObject([{ op: "update", key }]);
    await lab.settle(odd, second);
    await lab.sql("delete from analytics.odd");
    expect((await lab.plan(odd)).changes).toMatchObject([{ op: "remove", key }]);
  });
});

describe("columns", () => {
  test("may bear reserved words, capitals, quotes and blanks, in a view as in a table", async () => {
    await lab.sql(
      `create view analytics.odd as select 1 as "select", 'a@x.example' as "at", 'v' as "order", 'w' as "It's ""odd""", 'x' as "MixedCase"`,
    );
    const sync = {
      ...odd,
      key: "select",
      match: { "E-Mail": "at" },
      fields: { "a/b~c": column("order"), 'q"uote': column(`It's "odd"`), Mixed: column("mixedcase") },
    };
    const plan = await lab.plan(sync);
    expect(plan.changes).toMatchObject([
      { op: "add", key: "1", match: { "E-Mail": "a@x.example" }, fields: { "a/b~c": "v", 'q"uote': "w", Mixed: "x" } },
    ]);
    await lab.settle(sync, plan);
    await lab.sql("update millrace.ledger__people_to_list set fp_engine = 'another', fast_fp = 7, match_hash = 7");
    expect((await lab.plan(sync)).plan.total).toBe(0);
  });

  test("that are renamed are missed by name", async () => {
    await lab.sql("create table analytics.odd as select 1 as id, 'x' as full_name");
    await expect(lab.plan(odd)).rejects.toMatchObject({
      code: "COLUMN_MISSING",
      message: expect.stringContaining("name"),
      hint: expect.stringContaining("id, full_name"),
    });
  });

  test("are told apart by exact name where case alone differs in the mapping", async () => {
    await lab.sql("create table analytics.odd as select 1 as id, 'x' as Name");
    expect((await lab.plan(odd)).changes).toMatchObject([{ fields: { name: "x" } }]);
  });
});

describe("identifiers", () => {
  test("of several columns count together, and each must be there", async () => {
    await lab.sql(
      "create table analytics.odd as select * from (values ('1', 'a', 'x', 'n'), ('2', 'a', 'y', 'n'), ('3', 'a', null, 'n'), ('4', 'a', 'x', 'n')) t(id, a, b, name)",
    );
    const sync = { ...odd, match: { Second: "b", First: "a" } };
    const plan = await lab.plan(sync);
    expect(plan.changes.map(({ key, match }) => [key, match]).toSorted()).toEqual([
      ["1", { First: "a", Second: "x" }],
      ["2", { First: "a", Second: "y" }],
    ]);
    expect(plan.refusals.map(({ code, rows }) => `${code} ${rows}`).toSorted()).toEqual([
      "DUPLICATE_MATCH 1",
      "NULL_MATCH 1",
    ]);
    await lab.settle(sync, plan);
    expect((await lab.plan(sync)).plan.counts).toMatchObject({ unchanged: 2, refused: 2 });
  });

  test("that are the key and another column count, too", async () => {
    await lab.sql("create table analytics.odd as select '1' as id, 'a' as mail, 'n' as name");
    const sync = { ...odd, match: { Id: "id", Mail: "mail" } };
    await lab.settle(sync, await lab.plan(sync));
    await lab.sql("update analytics.odd set mail = 'b'");
    expect((await lab.plan(sync)).changes).toMatchObject([
      { op: "remove", match: { Id: "1", Mail: "a" } },
      { op: "add", match: { Id: "1", Mail: "b" } },
    ]);
  });

  test("that are the key itself do not collide, on a target that moves records either", async () => {
    await lab.sql("create table analytics.odd as select i as id, 'n' as name from range(5) t(i)");
    const sync = { ...odd, match: { Customer_No: "id" } };
    const target = {
      accountKey: "k",
      object: "Contact",
      kind: "records",
      fieldTypes: {},
      contents: "changes",
      movesMatch: true,
    } as const;
    const plan = await lab.plan(sync, { target });
    expect(plan.plan.counts).toMatchObject({ add: 5, refused: 0 });
    await lab.settle(sync, plan, (change) => ({ status: "delivered", externalId: `x${change.key}` }));
    await lab.sql("insert into analytics.odd values (5, 'n')");
    expect((await lab.plan(sync, { target })).plan.counts).toMatchObject({ add: 1, unchanged: 5, refused: 0 });
  });

  test("that differ by case alone are two: the model decides how an e-mail is written", async () => {
    await lab.model([
      { id: "1", email: "Ann@example.com", name: "A" },
      { id: "2", email: "ann@example.com", name: "B" },
    ]);
    expect((await lab.plan(aSync())).plan.counts).toMatchObject({ add: 2, refused: 0 });
  });
});

describe("a mapping", () => {
  const rule = (value: string | null) =>
    ({ source: { from: "value", value }, nulls: "write", onlyIfEmpty: false }) as const;

  test("of no field at all, or of constants only, sends a row once", async () => {
    await lab.sql("create table analytics.odd as select 1 as id union all select 2");
    for (const [name, fields] of Object.entries({ none: {}, constant: { Tier: rule("VIP"), Gone: rule(null) } })) {
      const sync = { ...odd, name, fields };
      const plan = await lab.plan(sync);
      expect(plan.plan.total).toBe(2);
      expect(plan.changes[0]?.fields).toEqual(name === "none" ? {} : { Tier: "VIP", Gone: null });
      await lab.settle(sync, plan);
      expect((await lab.plan(sync)).plan).toMatchObject({ total: 0, counts: { unchanged: 2 } });
    }
  });

  test("that changes a constant sends every row again, and says so", async () => {
    await lab.sql("create table analytics.odd as select 1 as id");
    const sync = { ...odd, fields: { Tier: rule("VIP") } };
    await lab.settle(sync, await lab.plan(sync));
    const plan = await lab.plan({ ...sync, fields: { Tier: rule("Gold") } });
    expect(plan.plan).toMatchObject({ total: 1, mappingChanges: ["1 field changed (Tier)"] });
  });

  test("that rounds does not tell −0 from 0, and tells numbers apart that end in zeros", async () => {
    const rounded = {
      source: { from: "column", column: "n", type: "number", round: 2 },
      nulls: "write",
      onlyIfEmpty: false,
    } as const;
    const sync = { ...odd, fields: { n: rounded } };
    const make = (n: string) => lab.sql(`create or replace table analytics.odd as select 1 as id, ${n}::double as n`);
    await make("0.001");
    await lab.settle(sync, await lab.plan(sync));
    await make("-0.001");
    expect((await lab.plan(sync)).plan.total).toBe(0);
    await make("1e20");
    const plan = await lab.plan(sync);
    expect(plan.plan.total).toBe(1);
    await lab.settle(sync, plan);
    await make("1e200");
    expect((await lab.plan(sync)).plan.total).toBe(1);
  });
});

test("an empty model plans nothing at first, and every removal afterwards", async () => {
  await lab.model([]);
  expect((await lab.plan(aSync())).plan).toMatchObject({ total: 0, counts: { modelRows: 0, unchanged: 0 } });
  await lab.model([{ id: "1", email: "a@example.com", name: "A" }]);
  await lab.settle(aSync(), await lab.plan(aSync()));
  await lab.model([]);
  expect((await lab.plan(aSync())).plan.counts).toMatchObject({ modelRows: 0, remove: 1, unchanged: 0 });
});
