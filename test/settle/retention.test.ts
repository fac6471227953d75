import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { applyRetention } from "../../src/settle/retention.ts";
import { stateTables } from "../../src/state/names.ts";
import { LedgerLab } from "../support/ledger-lab.ts";
import { aSync } from "../support/sync.ts";

let lab: LedgerLab;
beforeEach(async () => {
  lab = await LedgerLab.open();
});
afterEach(() => lab.close());

const days = (n: number): Date => new Date(Date.UTC(2026, 0, 1 + n));
const count = async (table: string): Promise<number> =>
  (await lab.rows(`select count(*) as n from millrace.${table}`, z.object({ n: z.number() })))[0]?.n ?? -1;

test("keeps rows as long as the customer says, and undecided ones for as long as they are undecided", async () => {
  const sync = aSync({ mode: "append" });
  await lab.model([
    { id: "1", email: "a@example.com", name: "A" },
    { id: "2", email: "b@example.com", name: "B" },
  ]);
  await lab.settle(sync, await lab.plan(sync), (change) =>
    change.key === "1" ? { status: "delivered" } : { status: "unknown", code: "TIMEOUT", message: "t" },
  );
  const keep = (now: Date, waiting: ReadonlySet<string> = new Set()) =>
    lab.warehouse.session("write", (session) =>
      applyRetention(session, stateTables("millrace"), { resultsDays: 30, runsDays: 60, plansDays: 7 }, now, waiting),
    );
  await keep(days(6));
  expect([await count("results"), await count("runs"), await count("plan__people_to_list")]).toEqual([2, 1, 2]);
  await keep(days(90), new Set([sync.name]));
  expect([await count("results"), await count("runs"), await count("plan__people_to_list")]).toEqual([1, 1, 2]);
  await lab.sql("update millrace.results set status = 'delivered'");
  await keep(days(90));
  expect([await count("results"), await count("runs")]).toEqual([0, 0]);
  await expect(count("plan__people_to_list")).rejects.toMatchObject({ code: "RELATION_MISSING" });
});
