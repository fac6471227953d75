import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { FrozenChange } from "../../src/plan/read-changes.ts";
import { type Decision, resolveUnknown, unknownSync } from "../../src/settle/resolve-unknown.ts";
import { stateTables } from "../../src/state/names.ts";
import { LedgerLab } from "../support/ledger-lab.ts";
import { aSync } from "../support/sync.ts";

const tables = stateTables("millrace");
const sync = aSync();

let lab: LedgerLab;
beforeEach(async () => {
  lab = await LedgerLab.open();
});
afterEach(() => lab.close());

const ann = { id: "1", email: "ann@example.com", name: "Ann" };
const bob = { id: "2", email: "bob@example.com", name: "Bob" };
const cyd = { id: "3", email: "cyd@example.com", name: "Cyd" };
const unanswered = () => ({ status: "unknown", code: "TIMEOUT", message: "t" }) as const;

const told = (changes: readonly FrozenChange[]): string[] =>
  changes.map(({ op, key, match }) => `${op} ${key} ${String(match.email)}`).toSorted();
const resolve = (decision: Decision, runId = "run-0002") =>
  lab.warehouse.session("write", (session) => resolveUnknown(session, tables, { runId, sync: sync.name, decision }));
const states = async (): Promise<string[]> =>
  (await lab.ledger(sync)).map((row) => `${row.key} ${JSON.parse(row.identifiers).email} ${row.state}`);

/** Ann's removal, Bob's update and Cyd's add were sent and never answered. */
async function oneOfEach(): Promise<void> {
  await lab.model([ann, bob]);
  await lab.settle(sync, await lab.plan(sync));
  await lab.model([{ ...bob, name: "Robert" }, cyd]);
  await lab.settle(sync, await lab.plan(sync), unanswered);
}

describe("a decision about one row of each kind", () => {
  test.each<[Decision, string[], string[], string]>([
    [
      "delivered",
      ["1 ann@example.com removed", "2 bob@example.com present", "3 cyd@example.com present"],
      [],
      "RESOLVED_DELIVERED",
    ],
    [
      "resend",
      ["1 ann@example.com present", "2 bob@example.com present"],
      ["add 3 cyd@example.com", "remove 1 ann@example.com", "update 2 bob@example.com"],
      "RESOLVED_RESEND",
    ],
    [
      "drop",
      ["1 ann@example.com removed", "2 bob@example.com present", "3 cyd@example.com present"],
      [],
      "RESOLVED_DROP",
    ],
  ])("%s", async (decision, ledger, next, code) => {
    await oneOfEach();
    expect((await lab.plan(sync)).plan).toMatchObject({ total: 0, counts: { suppressed: 2 } });
    expect(await resolve(decision)).toBe(3);
    expect(await states()).toEqual(ledger);
    expect(told((await lab.plan(sync)).changes)).toEqual(next);
    const results = await lab.rows(
      "select distinct status, code from millrace.results where run_id = 'run-0002'",
      z.object({ status: z.string(), code: z.string() }),
    );
    const status = { delivered: "delivered", resend: "retry", drop: "rejected" }[decision];
    expect(results).toEqual([{ status, code }]);
    const [run] = await lab.rows(
      `select planned, ${status} as decided, "unknown" as open from millrace.runs where run_id = 'run-0002'`,
      z.record(z.string(), z.number()),
    );
    expect(run).toEqual({ planned: 3, decided: 3, open: 0 });
    expect(await resolve(decision)).toBe(0);
  });

  test("a dropped row is sent again when it changes", async () => {
    await oneOfEach();
    await resolve("drop");
    await lab.model([{ ...bob, name: "Rob" }, cyd]);
    expect(told((await lab.plan(sync)).changes)).toEqual(["update 2 bob@example.com"]);
  });
});

describe("a removal and an add of one key", () => {
  const moved = async () => {
    await lab.model([ann]);
    await lab.settle(sync, await lab.plan(sync));
    await lab.model([{ ...ann, email: "ann@new.example" }]);
    await lab.settle(sync, await lab.plan(sync), unanswered);
    expect(await states()).toEqual(["1 ann@example.com unknown", "1 ann@new.example unknown"]);
  };

  test.each<[Decision, string[], string[]]>([
    ["delivered", ["1 ann@example.com removed", "1 ann@new.example present"], []],
    ["resend", ["1 ann@example.com present"], ["add 1 ann@new.example", "remove 1 ann@example.com"]],
    ["drop", ["1 ann@example.com removed", "1 ann@new.example present"], []],
  ])("%s is each its own", async (decision, ledger, next) => {
    await moved();
    expect(await resolve(decision)).toBe(2);
    expect(await states()).toEqual(ledger);
    expect(told((await lab.plan(sync)).changes)).toEqual(next);
  });
});

test("decides about one run only, and knows whose it is", async () => {
  await lab.model([ann]);
  await lab.settle(sync, await lab.plan(sync), unanswered);
  await lab.model([ann, bob]);
  await lab.settle(sync, await lab.plan(sync), unanswered);
  expect(await resolve("delivered", "run-0001")).toBe(1);
  expect(await states()).toEqual(["1 ann@example.com present", "2 bob@example.com unknown"]);
  const syncOf = (runId: string) => lab.warehouse.session("read", (session) => unknownSync(session, tables, runId));
  expect([await syncOf("run-0001"), await syncOf("run-0002"), await syncOf("run-0009")]).toEqual([
    null,
    sync.name,
    null,
  ]);
});

test("nobody else gets an identifier whose fate is unknown", async () => {
  await lab.model([ann]);
  await lab.settle(sync, await lab.plan(sync), unanswered);
  await lab.model([{ ...ann, id: "9" }]);
  const waiting = await lab.plan(sync);
  expect(waiting.plan).toMatchObject({ total: 0, counts: { suppressed: 1, refused: 0 } });
  await resolve("delivered", "run-0001");
  expect(told((await lab.plan(sync)).changes)).toEqual(["update 9 ann@example.com"]);
});

test("a taken-over row that is to be sent again is an update of the one who took it", async () => {
  await lab.model([ann]);
  await lab.settle(sync, await lab.plan(sync), () => ({ status: "delivered", externalId: "x1" }));
  await lab.model([{ ...ann, id: "9" }]);
  await lab.settle(sync, await lab.plan(sync), unanswered);
  await resolve("resend");
  const plan = await lab.plan(sync);
  expect(plan.changes).toMatchObject([{ op: "update", key: "9", externalId: "x1" }]);
});

test("an append is never sent twice, whatever becomes of its other columns", async () => {
  const append = aSync({ mode: "append" });
  await lab.model([ann]);
  await lab.settle(append, await lab.plan(append), unanswered);
  await lab.model([{ ...ann, email: "ann@new.example", name: "Anne" }]);
  expect((await lab.plan(append)).plan).toMatchObject({ total: 0, counts: { suppressed: 1 } });
  await resolve("delivered", "run-0001");
  expect((await lab.plan(append)).plan).toMatchObject({ total: 0, counts: { unchanged: 1 } });
});

test("ending a sync waits for rows whose fate is unknown", async () => {
  await oneOfEach();
  const plan = await lab.plan(sync, { scope: "retire" });
  expect(plan.plan).toMatchObject({ total: 0, counts: { suppressed: 3 } });
  await resolve("resend");
  expect(told((await lab.plan(sync, { scope: "retire" })).changes)).toEqual([
    "remove 1 ann@example.com",
    "remove 2 bob@example.com",
  ]);
});
