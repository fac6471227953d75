import { describe, expect } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import type { Started } from "./support/command-line.ts";
import { blockStore, type StoreView } from "./support/control-store.ts";
import { type Lab, runArgs } from "./support/lab.ts";
import { faultsOf, orderFaults, readBooks } from "./support/oracle.ts";
import { hookIdempotent } from "./support/scenarios.ts";
import { laterAudience, test, timeout } from "./support/test.ts";
import { readerOf } from "./support/warehouse-file.ts";

const inState = (view: StoreView, state: string) => view.batches.filter((batch) => batch.state === state);
const requestsOf = (lab: Lab, key: string) => lab.sandbox.log().filter((entry) => entry.idempotency_key === key);

/** Starts a run and leaves it at `settle`, everything returned: a reader of the file keeps it from writing. */
async function atTheDoorOfSettle(lab: Lab): Promise<{ command: Started; reader: { release(): void } }> {
  await lab.sandbox.misbehave({ kind: "slow", ms: 500 });
  const command = lab.start(...runArgs);
  await lab.until(command, "a request", (view) => inState(view, "sending").length > 0);
  const reader = await readerOf(lab.warehouseFile);
  await lab.until(
    command,
    "settle",
    (view) => view.runs.at(-1)?.stage === "settle" && view.leases.get("warehouse") === command.process.pid,
  );
  return { command, reader };
}

describe("a run killed while batches are planned and sending", () => {
  test(
    "sends what was planned once, and what was unanswered again under the same key",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 120 });
      await lab.sandbox.misbehave({ kind: "slow", ms: 30_000, times: 8 });
      const command = lab.start(...runArgs);
      await lab.until(command, "eight requests", () => lab.sandbox.log().length >= 8);
      const { signal } = await command.kill();
      expect(signal).toBe("SIGKILL");
      const before = lab.store();
      const [planned, sending] = [inState(before, "planned"), inState(before, "sending")];
      expect([planned.length > 0, sending.length]).toEqual([true, 8]);

      expect((await lab.run("resume")).code).toBe(0);
      expect(await faultsOf(lab)).toEqual([]);
      for (const { id } of planned) expect(requestsOf(lab, id)).toHaveLength(1);
      for (const { id } of sending) {
        const [first, second, ...more] = requestsOf(lab, id);
        expect([first?.sha256, more]).toEqual([second?.sha256, []]);
        expect([first?.applied, second?.applied]).toEqual([true, false]);
      }
    },
    timeout,
  );

  test(
    "delivers what never arrived",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 40 });
      await lab.sandbox.misbehave({ kind: "timeout_before", how: "hang", times: "always" });
      const command = lab.start(...runArgs);
      await lab.until(command, "five requests", () => lab.sandbox.log().length >= 5);
      await command.kill();
      await lab.sandbox.behave();
      expect(inState(lab.store(), "sending").length).toBe(5);
      expect((await lab.run("resume")).code).toBe(0);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "keeps removals before everything else, also in the second half",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 120 });
      expect((await lab.run(...runArgs)).code).toBe(0);
      await lab.sql(...laterAudience);
      const since = lab.sandbox.log().at(-1)?.seq ?? 0;
      await lab.sandbox.misbehave({ kind: "timeout_before", how: "hang", times: 2 });
      const command = lab.start(...runArgs);
      // Of three batches of removals two hang. Nothing else may go out, however long that takes.
      await lab.until(command, "three requests", () => lab.sandbox.log().filter(({ seq }) => seq > since).length >= 3);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await command.kill();
      expect(lab.sandbox.log().filter(({ seq }) => seq > since)).toHaveLength(3);
      expect((await lab.run("resume")).code).toBe(0);
      expect(orderFaults(lab, since)).toEqual([]);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );
});

describe("a run killed when everything has returned", () => {
  test(
    "settles it without sending anything again",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 60 });
      const { command, reader } = await atTheDoorOfSettle(lab);
      await command.kill();
      reader.release();
      const view = lab.store();
      expect(view.batches.every(({ state }) => state === "returned")).toBe(true);
      const sent = lab.sandbox.log().length;
      expect((await lab.run("resume")).code).toBe(0);
      expect(lab.sandbox.log().length).toBe(sent);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "is whole after a kill at any moment of settling",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 60 });
      for (const [round, ms] of [0, 12, 25, 40, 60].entries()) {
        await lab.sql(
          `insert into people select ${(round + 1) * 1_000} + i, 's${round}-' || i || '@example.com', 'S', 'silver' from range(10) t(i)`,
          `delete from people where id between ${round * 5 + 1} and ${round * 5 + 5}`,
        );
        const { command, reader } = await atTheDoorOfSettle(lab);
        reader.release();
        await new Promise((resolve) => setTimeout(resolve, ms));
        await command.kill();
        await expectAllOrNothing(lab);
        const sent = lab.sandbox.log().length;
        expect((await lab.run("resume")).code).toBe(0);
        expect(lab.sandbox.log().length).toBe(sent);
        expect(await faultsOf(lab)).toEqual([]);
      }
    },
    timeout,
  );

  test(
    "knows that the warehouse has it already, if the store does not",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 60 });
      const runId = await settledInTheWarehouseOnly(lab);
      const sent = lab.sandbox.log().length;
      expect((await lab.run("resume")).code).toBe(0);
      expect(lab.sandbox.log().length).toBe(sent);
      expect(lab.store().lastSettled).toBe(runId);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "ends a run that only lacked its end",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 60 });
      const runId = await settledInTheWarehouseOnly(lab);
      // The state between the store's last two commits, which are too close together to hit from outside.
      const store = await openSqliteStore({ path: lab.storeFile, clock: systemClock });
      const lease = await store.lease("sync:people", 1_000, "test");
      if (lease === null) throw new Error("the killed process still holds its lease");
      await store.settled(runId, "people", lease);
      await lease.release();
      await store.close();
      expect((await lab.run("resume")).code).toBe(0);
      expect(await faultsOf(lab)).toEqual([]);
      expect(lab.store().runs.map(({ status }) => status)).toEqual(["done"]);
    },
    timeout,
  );
});

/** Of the last run the warehouse has its line and all its results, or neither. */
async function expectAllOrNothing(lab: Lab): Promise<void> {
  const runId = lab.store().runs.at(-1)?.id;
  const { runs, results } = await readBooks(lab);
  const line = runs.find(({ run_id }) => run_id === runId);
  expect(results.filter(({ run_id }) => run_id === runId)).toHaveLength(Number(line?.planned ?? 0));
}

/** Kills a run after the warehouse's commit and before the store's: somebody else keeps the store from being written. */
async function settledInTheWarehouseOnly(lab: Lab): Promise<string> {
  const { command, reader } = await atTheDoorOfSettle(lab);
  const block = blockStore(lab.storeFile);
  reader.release();
  const runId = lab.store().runs.at(-1)?.id ?? "";
  try {
    for (let tries = 0; ; tries++) {
      if ((await readBooks(lab)).runs.some(({ run_id }) => run_id === runId)) break;
      if (tries > 200) throw new Error("the warehouse never got the run");
    }
    await command.kill();
  } finally {
    block.release();
  }
  expect(lab.store().lastSettled).toBeNull();
  return runId;
}
