import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { FrozenChange } from "../../src/plan/read-changes.ts";
import { LedgerLab, listTarget } from "../support/ledger-lab.ts";
import { aSync, column, openGuard } from "../support/sync.ts";

let lab: LedgerLab;
beforeEach(async () => {
  lab = await LedgerLab.open();
});
afterEach(() => lab.close());

const ann = { id: "1", email: "ann@example.com", name: "Ann" };
const bob = { id: "2", email: "bob@example.com", name: "Bob" };
const cyd = { id: "3", email: "cyd@example.com", name: "Cyd" };

const told = (changes: readonly FrozenChange[]): string[] =>
  changes.map(({ op, key, match }) => `${op} ${key} ${String(match.email ?? "")}`.trim()).toSorted();

describe("a mirror", () => {
  test("adds what is new, updates what changed, removes who left, and sends nothing twice", async () => {
    const sync = aSync();
    await lab.model([ann, bob]);
    const first = await lab.plan(sync);
    expect(told(first.changes)).toEqual(["add 1 ann@example.com", "add 2 bob@example.com"]);
    expect(first.changes.map((change) => change.fields)).toContainEqual({ name: "Ann" });
    await lab.settle(sync, first);

    const nothing = await lab.plan(sync);
    expect(nothing.plan.total).toBe(0);
    expect(nothing.plan.counts.unchanged).toBe(2);

    await lab.model([{ ...ann, name: "Anne" }, cyd]);
    const second = await lab.plan(sync);
    expect(told(second.changes)).toEqual([
      "add 3 cyd@example.com",
      "remove 2 bob@example.com",
      "update 1 ann@example.com",
    ]);
    expect(second.changes[0]).toMatchObject({ seq: 1, op: "remove" });
    expect(second.plan).toMatchObject({ total: 3, removes: 1 });
    await lab.settle(sync, second);
    expect((await lab.plan(sync)).plan.total).toBe(0);

    await lab.model([{ ...ann, name: "Anne" }, bob, cyd]);
    expect(told((await lab.plan(sync)).changes)).toEqual(["add 2 bob@example.com"]);
  });

  test("numbers removals first and densely", async () => {
    const sync = aSync();
    await lab.model([ann, bob, cyd]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.model([
      { id: "4", email: "d@example.com", name: "D" },
      { ...cyd, name: "C" },
    ]);
    const { changes } = await lab.plan(sync);
    expect(changes.map((change) => [change.seq, change.op === "remove"])).toEqual([
      [1, true],
      [2, true],
      [3, false],
      [4, false],
    ]);
  });

  test("treats a new e-mail as the removal of the old one and an add of the new one", async () => {
    const sync = aSync();
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.model([{ ...ann, email: "ann@new.example" }]);
    const plan = await lab.plan(sync);
    expect(told(plan.changes)).toEqual(["add 1 ann@new.example", "remove 1 ann@example.com"]);
    await lab.settle(sync, plan, (change) =>
      change.op === "remove" ? { status: "rejected", code: "NO", message: "no" } : { status: "delivered" },
    );
    expect(told((await lab.plan(sync)).changes)).toEqual(["remove 1 ann@example.com"]);
  });

  test("moves the record by its own id where the target can", async () => {
    const sync = aSync();
    const target = { ...listTarget, kind: "records" as const, movesMatch: true };
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync, { target }), () => ({ status: "delivered", externalId: "003A" }));
    await lab.model([{ ...ann, email: "ann@new.example" }]);
    const plan = await lab.plan(sync, { target });
    expect(plan.changes).toMatchObject([
      {
        op: "update",
        key: "1",
        externalId: "003A",
        match: { email: "ann@new.example" },
        movedFrom: { email: "ann@example.com" },
      },
    ]);
    await lab.settle(sync, plan);
    expect(await lab.ledger(sync)).toMatchObject([
      { key: "1", identifiers: '{"email":"ann@new.example"}', external_id: "003A" },
    ]);
    expect((await lab.plan(sync, { target })).plan.total).toBe(0);
  });

  test("lets the living row take over when two profiles become one", async () => {
    const sync = aSync();
    await lab.model([{ ...ann, id: "A" }]);
    await lab.settle(sync, await lab.plan(sync), () => ({ status: "delivered", externalId: "x1" }));
    await lab.model([{ ...ann, id: "B" }]);
    const plan = await lab.plan(sync);
    expect(plan.changes).toMatchObject([{ op: "update", key: "B", externalId: "x1" }]);
    expect(plan.plan.counts).toMatchObject({ add: 0, update: 1, remove: 0, netted: 1 });
    await lab.settle(sync, plan);
    expect(await lab.ledger(sync)).toMatchObject([{ key: "B", state: "present", external_id: "x1" }]);
    expect((await lab.plan(sync)).plan.total).toBe(0);
  });

  test("lets Bob take Ann's old e-mail when she has a new one", async () => {
    const sync = aSync();
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.model([
      { ...ann, email: "ann@new.example" },
      { ...bob, email: ann.email },
    ]);
    const plan = await lab.plan(sync);
    expect(told(plan.changes)).toEqual(["add 1 ann@new.example", "update 2 ann@example.com"]);
    await lab.settle(sync, plan);
    expect((await lab.plan(sync)).plan.total).toBe(0);
  });

  test("does not remove from a list whom another sync's ledger of that list holds", async () => {
    const other = aSync({ name: "other" });
    const sync = aSync();
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.settle(other, await lab.plan(other));
    await lab.model([bob]);
    const plan = await lab.plan(sync);
    expect(plan.plan.counts).toMatchObject({ remove: 0, released: 1 });
    await lab.settle(sync, plan);
    expect(told((await lab.plan(other)).changes)).toEqual(["remove 1 ann@example.com"]);
  });
});

describe("bad rows", () => {
  test("refuses NULL and duplicate keys with a reason and lets the others go on", async () => {
    const sync = aSync();
    await lab.model([ann, bob, { ...bob, name: "Bobby" }, { ...cyd, id: null }, { ...cyd, id: null }]);
    const plan = await lab.plan(sync);
    expect(told(plan.changes)).toEqual(["add 1 ann@example.com"]);
    expect(plan.plan.counts).toMatchObject({ modelRows: 5, add: 1, refused: 4, unchanged: 0 });
    await lab.settle(sync, plan);
    expect(await lab.rejects()).toMatchObject([
      { key: null, code: "NULL_KEY" },
      { key: "2", code: "DUPLICATE_KEY" },
    ]);
    await lab.model([ann, bob]);
    const mended = await lab.plan(sync);
    expect(told(mended.changes)).toEqual(["add 2 bob@example.com"]);
    await lab.settle(sync, mended);
    expect(await lab.rejects()).toEqual([]);
  });

  test.each([
    ["the same row twice", [ann, bob, bob]],
    ["a changed copy", [ann, bob, { ...bob, name: "Bobby" }]],
    ["a copy with another e-mail", [ann, bob, { ...bob, email: "b2@example.com" }]],
    ["two changed copies", [ann, { ...bob, name: "B1" }, { ...bob, name: "B2" }]],
  ])("freezes a key that became a duplicate: %s", async (_, people) => {
    const sync = aSync();
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.model(people);
    const plan = await lab.plan(sync);
    expect(plan.plan.total).toBe(0);
    expect(plan.plan.counts).toMatchObject({ modelRows: 3, unchanged: 1, refused: 2 });
  });

  test("freezes a row whose match became empty instead of removing it", async () => {
    const sync = aSync();
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.model([ann, { ...bob, email: null }]);
    const plan = await lab.plan(sync);
    expect(plan.plan.total).toBe(0);
    expect(plan.refusals).toMatchObject([{ code: "NULL_MATCH", rows: 1 }]);
  });

  test("sends one of two rows with one e-mail, and the other when the first leaves", async () => {
    const sync = aSync();
    await lab.model([ann, { ...bob, email: ann.email }]);
    const plan = await lab.plan(sync);
    expect(told(plan.changes)).toEqual(["add 1 ann@example.com"]);
    expect(plan.refusals).toMatchObject([{ code: "DUPLICATE_MATCH", rows: 1 }]);
    await lab.settle(sync, plan);
    expect((await lab.plan(sync)).plan).toMatchObject({ total: 0, counts: { refused: 1, unchanged: 1 } });
    await lab.model([{ ...bob, email: ann.email }]);
    expect(told((await lab.plan(sync)).changes)).toEqual(["update 2 ann@example.com"]);
  });

  test("refuses a value that cannot become the field's type, row by row", async () => {
    const sync = aSync({
      fields: { n: { source: { from: "column", column: "name", type: "number" }, nulls: "write", onlyIfEmpty: false } },
    });
    await lab.model([
      { ...ann, name: "12.5" },
      { ...bob, name: "abc" },
      { ...cyd, name: null },
    ]);
    const plan = await lab.plan(sync);
    expect(plan.changes.map((change) => change.fields).toSorted((a) => (a.n === null ? 1 : -1))).toEqual([
      { n: 12.5 },
      { n: null },
    ]);
    expect(plan.refusals).toMatchObject([
      { code: "NOT_COERCIBLE", rows: 1, message: "n: the value of name cannot be read as number" },
    ]);
  });

  test("a strict sync stops instead", async () => {
    await lab.model([ann, { ...bob, id: null }]);
    await expect(lab.plan(aSync({ strict: true }))).rejects.toMatchObject({ code: "ROWS_REFUSED" });
  });

  test("names every missing column, and a model that vanished", async () => {
    await lab.model([ann]);
    await expect(lab.plan(aSync({ fields: { a: column("nam"), b: column("agee") } }))).rejects.toMatchObject({
      code: "COLUMN_MISSING",
      message: expect.stringContaining("nam, agee"),
    });
    await expect(lab.plan(aSync({ source: { kind: "table", name: "analytics.gone" } }))).rejects.toMatchObject({
      code: "RELATION_MISSING",
      message: expect.stringContaining("analytics.gone"),
    });
  });
});

describe("modes", () => {
  const history = async (mode: "upsert" | "insert" | "update" | "append" | "remove") => {
    const sync = aSync({ mode });
    await lab.model([ann, bob]);
    const first = await lab.plan(sync);
    await lab.settle(sync, first);
    await lab.model([{ ...ann, name: "Anne" }, cyd]);
    const second = await lab.plan(sync);
    await lab.settle(sync, second);
    await lab.model([ann, bob, cyd]);
    const third = await lab.plan(sync);
    return [first, second, third].map((plan) =>
      told(plan.changes).map((line) => line.split(" ").slice(0, 2).join(" ")),
    );
  };

  test("upsert keeps leavers", async () => {
    expect(await history("upsert")).toEqual([["add 1", "add 2"], ["add 3", "update 1"], ["update 1"]]);
  });
  test.each(["insert", "append"] as const)("%s sends a key once, whatever becomes of it", async (mode) => {
    expect(await history(mode)).toEqual([["add 1", "add 2"], ["add 3"], []]);
  });
  test("update never adds", async () => {
    expect(await history("update")).toEqual([["update 1", "update 2"], ["update 1", "update 3"], ["update 1"]]);
  });
  test("remove removes whom the model lists, and again after they came back", async () => {
    expect(await history("remove")).toEqual([["remove 1", "remove 2"], ["remove 3"], ["remove 2"]]);
  });
});

describe("rejects", () => {
  test("a rejected row waits until it changes, then is tried again", async () => {
    const sync = aSync();
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync), (change) =>
      change.key === "2" ? { status: "rejected", code: "INVALID", message: "bad" } : { status: "delivered" },
    );
    expect(await lab.rejects()).toEqual([{ key: "2", op: "add", code: "INVALID", attempts: 1 }]);
    const waiting = await lab.plan(sync);
    expect(waiting.plan).toMatchObject({ total: 0, counts: { refused: 1, unchanged: 1 } });
    await lab.settle(sync, waiting);
    expect(await lab.rejects()).toEqual([{ key: "2", op: "add", code: "INVALID", attempts: 1 }]);
    await lab.model([ann, { ...bob, name: "Robert" }]);
    const again = await lab.plan(sync);
    expect(told(again.changes)).toEqual(["add 2 bob@example.com"]);
    await lab.settle(sync, again);
    expect(await lab.rejects()).toEqual([]);
  });

  test("policies always and n times", async () => {
    const rejectAll = () => ({ status: "rejected", code: "X", message: "x" }) as const;
    const thrice = aSync({ name: "thrice", rejects: { retry: { times: 2 } } });
    const always = aSync({ name: "always", rejects: { retry: "always" } });
    await lab.model([ann]);
    const totals: number[][] = [];
    for (let i = 0; i < 3; i += 1) {
      const [a, b] = [await lab.plan(thrice), await lab.plan(always)];
      totals.push([a.plan.total, b.plan.total]);
      await lab.settle(thrice, a, rejectAll);
      await lab.settle(always, b, rejectAll);
    }
    expect(totals).toEqual([
      [1, 1],
      [1, 1],
      [0, 1],
    ]);
  });

  test("`retry` plans only what was refused, and a rejected removal is planned by every run", async () => {
    const sync = aSync();
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.model([cyd, { ...ann, name: "Anne" }]);
    await lab.settle(sync, await lab.plan(sync), (change) =>
      change.key === "1" ? { status: "delivered" } : { status: "rejected", code: "X", message: "x" },
    );
    await lab.model([cyd, { ...ann, name: "Annie" }]);
    expect(told((await lab.plan(sync, { scope: "rejects" })).changes)).toEqual([
      "add 3 cyd@example.com",
      "remove 2 bob@example.com",
    ]);
    expect(told((await lab.plan(sync)).changes)).toEqual(["remove 2 bob@example.com", "update 1 ann@example.com"]);
  });

  test("forgets a reject whose key left the model", async () => {
    const sync = aSync();
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync), () => ({ status: "rejected", code: "X", message: "x" }));
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync));
    expect((await lab.rejects()).map((reject) => reject.key)).toEqual(["1"]);
  });
});

describe("unknown rows", () => {
  test("stay out of later plans", async () => {
    const sync = aSync({ mode: "append" });
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync), () => ({ status: "unknown", code: "TIMEOUT", message: "t" }));
    const plan = await lab.plan(sync);
    expect(plan.plan).toMatchObject({ total: 0, counts: { suppressed: 1, unchanged: 0 } });
  });
});

describe("guards", () => {
  test("hold a mass removal, a mass change, an empty model and a changed mapping; not a first run", async () => {
    const sync = aSync({
      guard: { ...openGuard, maxRemoved: 0.2, maxChanged: 0.5, minRows: 1, mappingChange: "hold" },
    });
    const people = Array.from({ length: 10 }, (_, i) => ({ id: `${i}`, email: `p${i}@example.com`, name: "P" }));
    await lab.model(people);
    const first = await lab.plan(sync);
    expect(first.heldFor).toEqual([]);
    await lab.settle(sync, first);

    await lab.model(people.slice(0, 8));
    expect((await lab.plan(sync)).heldFor).toEqual([]);
    await lab.model(people.slice(0, 7));
    expect((await lab.plan(sync)).heldFor).toEqual(["3 of 10 rows would be removed, 30% (max_removed: 20%)"]);
    await lab.model([]);
    expect((await lab.plan(sync)).heldFor).toHaveLength(3);
    await lab.model(people.map((person, i) => (i < 6 ? { ...person, name: "Q" } : person)));
    expect((await lab.plan(sync)).heldFor).toEqual(["6 of 10 rows would change, 60% (max_changed: 50%)"]);

    await lab.model(people);
    const wider = {
      ...sync,
      fields: { ...sync.fields, mail: column("email") },
      guard: { ...sync.guard, maxChanged: 1 },
    };
    const held = await lab.plan(wider);
    expect(held.plan.mappingChanges).toEqual(["1 field added (mail)"]);
    expect(held.heldFor).toEqual(["1 field added (mail): every row will be re-sent (mapping_change: hold)"]);
    await lab.settle(wider, held);
    expect((await lab.plan(wider)).plan).toMatchObject({ total: 0, mappingChanges: [] });
  });
});

describe("scopes", () => {
  test("full sends everything again; another destination is refused until it is adopted; rebuild starts anew", async () => {
    const sync = aSync();
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync));
    expect(told((await lab.plan(sync, { scope: "full" })).changes)).toEqual([
      "update 1 ann@example.com",
      "update 2 bob@example.com",
    ]);

    const elsewhere = { ...listTarget, object: "list/M" };
    await expect(lab.plan(sync, { target: elsewhere })).rejects.toMatchObject({
      code: "LEDGER_BOUND_ELSEWHERE",
      exitCode: 4,
    });
    await lab.model([ann, bob, cyd]);
    const adopted = await lab.plan(sync, { target: elsewhere, scope: "adopt" });
    expect(told(adopted.changes)).toEqual(["add 3 cyd@example.com"]);
    await lab.settle(sync, adopted);
    expect((await lab.plan(sync, { target: elsewhere })).plan.total).toBe(0);
    expect(told((await lab.plan(sync, { scope: "rebuild" })).changes)).toHaveLength(3);
  });

  test("retire removes everything the ledger holds, without a model", async () => {
    const sync = aSync();
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.sql("drop table analytics.people");
    expect(told((await lab.plan(sync, { scope: "retire" })).changes)).toEqual([
      "remove 1 ann@example.com",
      "remove 2 bob@example.com",
    ]);
  });

  test("a snapshot target gets the unchanged rows too, but only when something changed", async () => {
    const sync = aSync();
    const target = { ...listTarget, contents: "snapshot" as const };
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync, { target }));
    expect((await lab.plan(sync, { target })).plan.total).toBe(0);
    await lab.model([ann, bob, cyd]);
    const plan = await lab.plan(sync, { target });
    expect(plan.plan).toMatchObject({ total: 3, counts: { add: 1, keep: 2, unchanged: 2 } });
    await lab.settle(sync, plan);
    expect((await lab.plan(sync, { target })).plan.total).toBe(0);
  });
});

describe("field rules", () => {
  test("constants, templates, rounding and skipped NULLs become the payload in SQL", async () => {
    await lab.sql(
      "create table analytics.orders as select 'k1' as id, 'o''brien 😀' as name, cast(2 as bigint) as n, cast(10.005 as double precision) as amount, cast(null as varchar) as phone, date '2010-03-01' as since, 9007199254740993 as big",
    );
    const rule = (source: ReturnType<typeof column>["source"], nulls: "write" | "skip" = "write") => ({
      source,
      nulls,
      onlyIfEmpty: false,
    });
    const sync = aSync({
      source: { kind: "table", name: "analytics.orders" },
      match: {},
      fields: {
        Tier: rule({ from: "value", value: "VIP" }),
        Cleared: rule({ from: "value", value: null }),
        Text: rule({
          from: "template",
          parts: [
            { column: "n" },
            { text: " orders since " },
            { column: "since" },
            { text: " {{x}}'" },
            { column: "phone" },
          ],
        }),
        Amount: rule({ from: "column", column: "amount", type: "number", round: 1 }),
        Phone: rule({ from: "column", column: "phone" }, "skip"),
        Fax: rule({ from: "column", column: "phone" }),
        Name: rule({ from: "column", column: "name" }),
        Big: rule({ from: "column", column: "big" }),
      },
    });
    const { changes } = await lab.plan(sync);
    expect(changes[0]?.fields).toEqual({
      Tier: "VIP",
      Cleared: null,
      Text: "2 orders since 2010-03-01 {{x}}'",
      Amount: 10,
      Fax: null,
      Name: "o'brien 😀",
      Big: "9007199254740993",
    });
  });

  test("a rounded number is unchanged while its rounding is", async () => {
    const amount = async (value: string) => {
      await lab.sql("drop table if exists analytics.orders");
      await lab.sql(`create table analytics.orders as select 'k1' as id, ${value} as amount`);
    };
    await amount("cast(0.1 as double precision) + cast(0.2 as double precision)");
    const sync = aSync({
      source: { kind: "table", name: "analytics.orders" },
      match: {},
      fields: {
        Amount: {
          source: { from: "column", column: "amount", type: "number", round: 2 },
          nulls: "write",
          onlyIfEmpty: false,
        },
      },
    });
    await lab.settle(sync, await lab.plan(sync));
    await amount("cast(0.3 as double precision)");
    expect((await lab.plan(sync)).plan.total).toBe(0);
    await amount("cast(0.31 as double precision)");
    expect((await lab.plan(sync)).plan.total).toBe(1);
  });
});

test("results and runs tell every row's fate, once, however often settling runs", async () => {
  const sync = aSync();
  await lab.model([ann, bob, cyd]);
  const plan = await lab.plan(sync);
  const fate = (change: FrozenChange) =>
    change.key === "2"
      ? ({ status: "rejected", code: "BAD", message: "no" } as const)
      : ({ status: "delivered", externalId: `ext-${change.key}` } as const);
  expect(await lab.settle(sync, plan, fate)).toBe(true);
  expect(await lab.settle(sync, plan, fate)).toBe(false);
  const results = await lab.rows(
    "select key, op, status, code, external_id from millrace.results order by key",
    z.object({
      key: z.string(),
      op: z.string(),
      status: z.string(),
      code: z.string().nullable(),
      external_id: z.string().nullable(),
    }),
  );
  expect(results).toEqual([
    { key: "1", op: "add", status: "delivered", code: null, external_id: "ext-1" },
    { key: "2", op: "add", status: "rejected", code: "BAD", external_id: null },
    { key: "3", op: "add", status: "delivered", code: null, external_id: "ext-3" },
  ]);
  const runs = await lab.rows(
    "select planned, delivered, rejected, model_rows, unchanged, added from millrace.runs",
    z.record(z.string(), z.number()),
  );
  expect(runs).toEqual([{ planned: 3, delivered: 2, rejected: 1, model_rows: 3, unchanged: 0, added: 3 }]);
});
