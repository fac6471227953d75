import { describe, expect } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { blockStore } from "./support/control-store.ts";
import { type Lab, peopleTable, runArgs } from "./support/lab.ts";
import { faultsOf, readBooks } from "./support/oracle.ts";
import { csvSnapshot, hookIdempotent } from "./support/scenarios.ts";
import { laterAudience, test, timeout } from "./support/test.ts";
import { inWarehouse } from "./support/warehouse-file.ts";

const runOfPlanTable = (lab: Lab): Promise<string | null> =>
  inWarehouse(lab.warehouseFile, "READ_ONLY", async (query) => {
    const [found] = await query("select max(run_id) as id from millrace.plan__people").catch(() => []);
    return (found?.id as string | undefined) ?? null;
  });

/** Kills a command after the plan stands in the warehouse and before the store knows of it. */
async function killedBetweenFreezeAndRecord(lab: Lab, ...args: readonly string[]): Promise<string> {
  const before = lab.store().runs.length;
  const command = lab.start(...args);
  await lab.until(
    command,
    "the freeze",
    (view) => view.runs.length > before && view.leases.get("warehouse") === command.process.pid,
  );
  // The session writes to the store once, when it begins: let that through.
  await new Promise((resolve) => setTimeout(resolve, 150));
  const block = blockStore(lab.storeFile);
  try {
    const runId = lab.store().runs.at(-1)?.id ?? "";
    for (let tries = 0; (await runOfPlanTable(lab)) !== runId; tries++) {
      if (tries > 300) throw new Error("the plan was never frozen");
    }
    await command.kill();
    expect(lab.store().runs.at(-1)).toMatchObject({ id: runId, status: "running", stage: "plan" });
    return runId;
  } finally {
    block.release();
  }
}

describe("a run killed before its plan was frozen", () => {
  test(
    "leaves nothing",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 100_000 });
      const command = lab.start(...runArgs);
      await lab.until(command, "the warehouse", (view) => view.leases.has("warehouse"));
      await new Promise((resolve) => setTimeout(resolve, 80));
      await command.kill();
      expect(lab.store().runs.map(({ stage, status }) => [stage, status])).toEqual([["plan", "running"]]);
      expect(lab.sandbox.log()).toEqual([]);
      const resumed = await lab.run("resume");
      expect([resumed.code, resumed.document?.runs]).toEqual([0, []]);
      expect((await readBooks(lab)).runs).toEqual([]);
      expect(lab.store().runs.map(({ status }) => status)).toEqual(["abandoned"]);
      await lab.sql(peopleTable(40));
      expect((await lab.run(...runArgs)).code).toBe(0);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "or before the store knew of it: what the warehouse has of it is never delivered",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 150_000 });
      const runId = await killedBetweenFreezeAndRecord(lab, ...runArgs);
      await lab.sql(peopleTable(40));
      expect((await lab.run(...runArgs)).code).toBe(0);
      expect(lab.store().runs.map(({ status }) => status)).toEqual(["abandoned", "done"]);
      expect((await readBooks(lab)).results.some(({ run_id }) => run_id === runId)).toBe(false);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "that a guard would have held is not among the warehouse's runs",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 150_000, guard: "{ max_removed_rows: 5 }" });
      await lab.sql(peopleTable(60));
      expect((await lab.run(...runArgs)).code).toBe(0);
      await lab.sql(peopleTable(150_000), "delete from people where id <= 20");
      await killedBetweenFreezeAndRecord(lab, ...runArgs);
      await lab.sql(peopleTable(60));
      expect((await lab.run(...runArgs)).code).toBe(0);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );
});

describe("a held plan", () => {
  const hold = async (lab: Lab) => {
    expect((await lab.run(...runArgs)).code).toBe(0);
    await lab.sql(...laterAudience);
    const held = await lab.run(...runArgs);
    expect([held.code, held.document?.runs?.[0]?.status]).toEqual([4, "held"]);
    return held.document?.runs?.[0]?.run_id ?? "";
  };

  test(
    "survives kills: of its delivery, which resume completes",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 120, guard: "{ max_removed_rows: 5 }" });
      const runId = await hold(lab);
      const since = lab.sandbox.log().length;
      await lab.sandbox.misbehave({ kind: "slow", ms: 30_000, times: 2 });
      const command = lab.start("run", "--approve", runId);
      await lab.until(command, "two requests", () => lab.sandbox.log().length >= since + 2);
      await command.kill();
      expect((await lab.run("resume")).code).toBe(0);
      expect(lab.store().runs.map(({ status }) => status)).toEqual(["done", "done"]);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "is superseded when a newer plan was killed on its way, and says so",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 120, guard: "{ max_removed_rows: 5 }" });
      const runId = await hold(lab);
      await lab.sql("insert into people select i, 'x' || i, 'X', 'silver' from range(2000, 150000) t(i)");
      await killedBetweenFreezeAndRecord(lab, ...runArgs);
      const sent = lab.sandbox.log().length;
      const approved = await lab.run("run", "--approve", runId);
      const error = approved.document?.error ?? approved.document?.runs?.[0]?.error;
      expect([approved.code, error?.code]).toEqual([1, "PLAN_SUPERSEDED"]);
      expect(lab.sandbox.log()).toHaveLength(sent);
    },
    timeout,
  );
});

describe("an adoption", () => {
  test(
    "killed while it was recorded is finished by resume, and sends nothing",
    async ({ open }) => {
      const lab = await open(csvSnapshot, { rows: 40 });
      expect((await lab.run("plan")).code).toBe(0);
      const block = lab.start("adopt", "people");
      const view = await lab.until(block, "the frozen plan", ({ runs }) => runs.at(-1)?.stage !== "plan" && runs.length === 2);
      await block.kill();
      const run = view.runs.at(-1);
      if (run?.status === "running") await halfAdopted(lab, run.id);
      expect((await lab.run("resume")).code).toBe(0);
      expect([...(await readBooks(lab)).ledger.values()]).toEqual(Array(40).fill("present"));
    },
    timeout,
  );
});

/** The state between two commits of an adoption, which are too close together to hit from outside. */
async function halfAdopted(lab: Lab, runId: string): Promise<void> {
  if (lab.store().batches.length > 0) return;
  const store = await openSqliteStore({ path: lab.storeFile, clock: systemClock });
  const lease = await store.lease("sync:people", 1_000, "test");
  if (lease === null) throw new Error("the killed process still holds its lease");
  const batch = { id: `${runId}-adopted`, fromSeq: 1, toSeq: 40 };
  await store.cut(runId, [batch], lease);
  await store.sending(runId, batch.id, 1, lease);
  await lease.release();
  await store.close();
}
