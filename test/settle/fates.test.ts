import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { RowFate } from "../../src/core/result.ts";
import type { FrozenChange } from "../../src/plan/read-changes.ts";
import { LedgerLab } from "../support/ledger-lab.ts";
import { aSync, column, openGuard } from "../support/sync.ts";

let lab: LedgerLab;
beforeEach(async () => {
  lab = await LedgerLab.open();
});
afterEach(() => lab.close());

const sync = aSync();
const ann = { id: "1", email: "ann@example.com", name: "Ann" };
const bob = { id: "2", email: "bob@example.com", name: "Bob" };
const cyd = { id: "3", email: "cyd@example.com", name: "Cyd" };

const fates = {
  delivered: { status: "delivered", externalId: "x-new" },
  accepted: { status: "accepted" },
  rejected: { status: "rejected", code: "NO", message: "no" },
  retry: { status: "retry", code: "LATER", message: "later" },
  unknown: { status: "unknown", code: "TIMEOUT", message: "t" },
} as const satisfies Record<RowFate["status"], RowFate>;

const told = (changes: readonly FrozenChange[]): string[] => changes.map(({ op, key }) => `${op} ${key}`).toSorted();
const ledgerOf = async (key: string): Promise<string[]> =>
  (await lab.ledger(sync)).filter((row) => row.key === key).map((row) => `${row.state} ${row.external_id}`);
const results = (run: number) =>
  lab.rows(
    `select key, op, status, code, external_id from millrace.results where run_id = 'run-000${run}' order by seq`,
    z.object({
      key: z.string(),
      op: z.string(),
      status: z.string(),
      code: z.string().nullable(),
      external_id: z.string().nullable(),
    }),
  );

/** Ann is known as x-old and leaves, Bob is known as x-old and changes, Cyd is new. */
async function oneOfEach(): Promise<Awaited<ReturnType<LedgerLab["plan"]>>> {
  await lab.model([ann, bob]);
  await lab.settle(sync, await lab.plan(sync), () => ({ status: "delivered", externalId: "x-old" }));
  await lab.model([{ ...bob, name: "Robert" }, cyd]);
  return lab.plan(sync);
}

describe("each fate of each operation", () => {
  test.each<[RowFate["status"], Record<"remove" | "update" | "add", string[]>, string[], string[]]>([
    ["delivered", { remove: ["removed x-new"], update: ["present x-new"], add: ["present x-new"] }, [], []],
    ["accepted", { remove: ["removed x-old"], update: ["present x-old"], add: ["present null"] }, [], []],
    [
      "rejected",
      { remove: ["present x-old"], update: ["present x-old"], add: [] },
      ["1 remove NO", "2 update NO", "3 add NO"],
      ["remove 1"],
    ],
    ["retry", { remove: ["present x-old"], update: ["present x-old"], add: [] }, [], ["add 3", "remove 1", "update 2"]],
    ["unknown", { remove: ["unknown x-old"], update: ["unknown x-old"], add: ["unknown null"] }, [], []],
  ])("%s", async (status, ledger, rejects, next) => {
    const plan = await oneOfEach();
    expect(told(plan.changes)).toEqual(["add 3", "remove 1", "update 2"]);
    await lab.settle(sync, plan, () => fates[status]);
    expect({ remove: await ledgerOf("1"), update: await ledgerOf("2"), add: await ledgerOf("3") }).toEqual(ledger);
    expect((await lab.rejects()).map(({ key, op, code }) => `${key} ${op} ${code}`)).toEqual(rejects);
    const code = "code" in fates[status] ? fates[status].code : null;
    const externalId = (known: string | null) => (status === "delivered" ? "x-new" : known);
    expect((await results(2)).toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: "1", op: "remove", status, code, external_id: externalId("x-old") },
      { key: "2", op: "update", status, code, external_id: externalId("x-old") },
      { key: "3", op: "add", status, code, external_id: externalId(null) },
    ]);
    const [run] = await lab.rows(
      `select planned, delivered, accepted, rejected, retry, ${'"unknown"'}, model_rows, added, updated, removed from millrace.runs where run_id = 'run-0002'`,
      z.record(z.string(), z.number()),
    );
    expect(run).toEqual({
      planned: 3,
      ...{ delivered: 0, accepted: 0, rejected: 0, retry: 0, unknown: 0 },
      [status]: 3,
      ...{ model_rows: 2, added: 1, updated: 1, removed: 1 },
    });
    expect(told((await lab.plan(sync)).changes)).toEqual(next);
  });

  test("a refused update leaves with its key, and its removal is planned", async () => {
    await lab.settle(sync, await oneOfEach(), (change) => (change.op === "update" ? fates.rejected : fates.delivered));
    await lab.model([cyd]);
    const plan = await lab.plan(sync);
    expect(told(plan.changes)).toEqual(["remove 2"]);
    await lab.settle(sync, plan);
    expect(await lab.rejects()).toEqual([]);
  });

  test("a refused update is forgotten when the row is again what the ledger says", async () => {
    await lab.settle(sync, await oneOfEach(), (change) => (change.op === "update" ? fates.rejected : fates.delivered));
    await lab.model([bob, cyd]);
    const plan = await lab.plan(sync);
    expect(plan.plan).toMatchObject({ total: 0, counts: { unchanged: 2, refused: 0 } });
    await lab.settle(sync, plan);
    expect(await lab.rejects()).toEqual([]);
  });

  test("a refused removal stands while the ledger holds the row, whatever else becomes of its key", async () => {
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.model([{ ...ann, email: "ann@new.example" }]);
    const noRemoval = (change: FrozenChange) => (change.op === "remove" ? fates.rejected : fates.delivered);
    await lab.settle(sync, await lab.plan(sync), noRemoval);
    const second = await lab.plan(sync);
    await lab.settle(sync, second, () => fates.retry);
    expect(await lab.rejects()).toEqual([{ key: "1", op: "remove", code: "NO", attempts: 1 }]);
    await lab.settle(sync, await lab.plan(sync), noRemoval);
    expect(await lab.rejects()).toEqual([{ key: "1", op: "remove", code: "NO", attempts: 2 }]);
    await lab.model([ann]);
    const back = await lab.plan(sync);
    expect(told(back.changes)).toEqual(["remove 1"]);
    expect(back.changes[0]?.match).toEqual({ email: "ann@new.example" });
    await lab.settle(sync, back);
    expect(await lab.rejects()).toEqual([]);
  });

  test("a refused new e-mail does not hold back the removal of the old one", async () => {
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.model([{ ...ann, email: "ann@new.example" }]);
    await lab.settle(sync, await lab.plan(sync), (change) => (change.op === "remove" ? fates.retry : fates.rejected));
    const plan = await lab.plan(sync);
    expect(told(plan.changes)).toEqual(["remove 1"]);
    await lab.settle(sync, plan);
    expect(await lab.rejects()).toEqual([{ key: "1", op: "add", code: "NO", attempts: 1 }]);
    expect((await lab.plan(sync)).plan).toMatchObject({ total: 0, counts: { refused: 1 } });
  });
});

describe("a row that takes over another's", () => {
  const takeover = async () => {
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync), () => ({ status: "delivered", externalId: "x-old" }));
    await lab.model([{ ...ann, id: "9" }]);
    return lab.plan(sync);
  };

  test.each<[RowFate["status"], string[]]>([
    ["delivered", ["9 present x-new"]],
    ["accepted", ["9 present x-old"]],
    ["rejected", ["1 present x-old"]],
    ["retry", ["1 present x-old"]],
    ["unknown", ["9 unknown x-old"]],
  ])("%s", async (status, ledger) => {
    await lab.settle(sync, await takeover(), () => fates[status]);
    const rows = (await lab.ledger(sync)).map((row) => `${row.key} ${row.state} ${row.external_id}`);
    expect(rows).toEqual(ledger);
  });

  test("is not removed while the platform refuses the one that lives", async () => {
    await lab.settle(sync, await takeover(), () => fates.rejected);
    expect((await lab.plan(sync)).plan).toMatchObject({ total: 0, counts: { refused: 1 } });
    await lab.model([]);
    expect(told((await lab.plan(sync)).changes)).toEqual(["remove 1"]);
  });

  test("is tried again when it was not sent", async () => {
    await lab.settle(sync, await takeover(), () => fates.retry);
    expect(told((await lab.plan(sync)).changes)).toEqual(["update 9"]);
  });
});

describe("rejects and modes", () => {
  test("what one operation was refused for does not hold another", async () => {
    const update = aSync({ mode: "update" });
    await lab.model([ann]);
    await lab.settle(update, await lab.plan(update), () => ({ status: "rejected", code: "NOT_FOUND", message: "m" }));
    expect((await lab.plan(update)).plan.total).toBe(0);
    expect(told((await lab.plan(aSync({ mode: "upsert" }))).changes)).toEqual(["add 1"]);
    const remove = aSync({ mode: "remove" });
    const plan = await lab.plan(remove);
    expect(told(plan.changes)).toEqual(["remove 1"]);
    await lab.settle(remove, plan);
    expect(await lab.rejects()).toEqual([]);
  });

  test("a refused removal of mode remove is tried every run, counted, and forgotten with its row", async () => {
    const remove = aSync({ mode: "remove" });
    await lab.model([ann, bob]);
    for (let run = 0; run < 2; run += 1) {
      const plan = await lab.plan(remove);
      expect(told(plan.changes)).toContain("remove 1");
      await lab.settle(remove, plan, (change) => (change.key === "1" ? fates.rejected : fates.delivered));
    }
    expect(await lab.rejects()).toEqual([{ key: "1", op: "remove", code: "NO", attempts: 2 }]);
    await lab.model([bob]);
    await lab.settle(remove, await lab.plan(remove));
    expect(await lab.rejects()).toEqual([]);
  });

  test("a removal carries no mapped fields, and the values of `when_removed` where they are set", async () => {
    await lab.model([ann]);
    expect((await lab.plan(aSync({ mode: "remove" }))).changes).toMatchObject([{ op: "remove", fields: {} }]);
    const set = aSync({ mode: "remove", whenRemoved: { set: { tier: null } } });
    expect((await lab.plan(set)).changes).toMatchObject([
      { op: "update", plannedOp: "remove", fields: { tier: null }, match: { email: ann.email } },
    ]);
  });
});

describe("a run of refused rows only", () => {
  const settleRetry = async (status: RowFate["status"]) => {
    const plan = await lab.plan(sync, { scope: "rejects" });
    await lab.settle(sync, plan, () => fates[status], "retry");
    return plan;
  };

  test("leaves the other rows and the other rejects alone", async () => {
    await lab.model([ann, bob, { ...cyd, email: null }, { ...cyd, id: null }]);
    await lab.settle(sync, await lab.plan(sync), (change) => (change.key === "1" ? fates.rejected : fates.retry));
    const before = await lab.rejects();
    expect(before.map(({ key, op, code }) => `${key} ${op} ${code}`)).toEqual([
      "null refuse NULL_KEY",
      "1 add NO",
      "3 refuse NULL_MATCH",
    ]);
    const plan = await settleRetry("rejected");
    expect(told(plan.changes)).toEqual(["add 1"]);
    expect(plan.plan.counts).toMatchObject({ refused: 2, suppressed: 1 });
    expect(await lab.rejects()).toEqual(before.map((reject) => ({ ...reject, attempts: 2 })));
    await settleRetry("delivered");
    expect((await lab.rejects()).map(({ key }) => key)).toEqual([null, "3"]);
    expect(told((await lab.plan(sync)).changes)).toEqual(["add 2"]);
  });

  test("does not pretend that the other rows have the new mapping", async () => {
    await lab.model([ann, bob]);
    await lab.settle(sync, await lab.plan(sync), (change) => (change.key === "1" ? fates.rejected : fates.delivered));
    const wider = aSync({
      fields: { ...sync.fields, mail: column("email") },
      guard: { ...openGuard, mappingChange: "hold" },
    });
    const plan = await lab.plan(wider, { scope: "rejects" });
    await lab.settle(wider, plan, () => fates.delivered, "retry");
    expect((await lab.plan(wider)).heldFor).toEqual([
      "1 field added (mail): every row will be re-sent (mapping_change: hold)",
    ]);
  });
});

test("a run that sends nothing still records what it refused, and itself", async () => {
  await lab.model([
    { ...ann, email: null },
    { ...bob, id: null },
  ]);
  const plan = await lab.plan(sync);
  expect(plan.plan.total).toBe(0);
  await lab.settle(sync, plan);
  expect((await lab.rejects()).map(({ key, code }) => `${key} ${code}`)).toEqual(["null NULL_KEY", "1 NULL_MATCH"]);
  expect(
    await lab.rows(
      "select run_id, planned, refused, model_rows from millrace.runs",
      z.object({ run_id: z.string(), planned: z.number(), refused: z.number(), model_rows: z.number() }),
    ),
  ).toEqual([{ run_id: "run-0001", planned: 0, refused: 2, model_rows: 2 }]);
});

describe("results that do not cover the plan", () => {
  test.each([
    ["a row is missing", (seqs: number[]) => seqs.slice(1)],
    ["a row has two", (seqs: number[]) => [...seqs, 1]],
    ["one is missing and one has two", (seqs: number[]) => [...seqs.slice(1), 2]],
  ])("%s: nothing is written", async (_, broken) => {
    await lab.model([ann, bob, cyd]);
    const plan = await lab.plan(sync);
    const changes = broken([1, 2, 3]).flatMap((seq) => plan.changes.filter((change) => change.seq === seq));
    await expect(lab.settle(sync, { ...plan, changes })).rejects.toMatchObject({ code: "CONTRACT" });
    expect(await lab.ledger(sync)).toEqual([]);
    expect(await lab.settle(sync, plan)).toBe(true);
    expect(await lab.ledger(sync)).toHaveLength(3);
  });
});

test("settles 100,000 rows with ids of their own", async () => {
  await lab.sql(
    "create or replace table analytics.people as select 'k' || i as id, 'p' || i || '@example.com' as email, 'N' as name from range(100000) t(i)",
  );
  const plan = await lab.plan(sync);
  expect(plan.plan.total).toBe(100_000);
  await lab.settle(sync, plan, (change) =>
    change.seq % 1_000 === 0 ? fates.rejected : { status: "delivered", externalId: `x-${change.key}` },
  );
  const [ledger] = await lab.rows(
    "select count(*) as n, count(distinct external_id) as ids from millrace.ledger__people_to_list where external_id = 'x-' || key",
    z.object({ n: z.number(), ids: z.number() }),
  );
  expect(ledger).toEqual({ n: 99_900, ids: 99_900 });
  expect(await lab.rejects()).toHaveLength(100);
  expect((await lab.plan(sync)).plan).toMatchObject({ total: 0, counts: { unchanged: 99_900, refused: 100 } });
});
