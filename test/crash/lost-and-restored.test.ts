import { copyFile, cp, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Ended } from "./support/command-line.ts";
import { type Lab, runArgs } from "./support/lab.ts";
import { faultsOf, readBooks, timesApplied } from "./support/oracle.ts";
import { hookIdempotent, hookOnce } from "./support/scenarios.ts";
import { laterAudience, test, timeout } from "./support/test.ts";

const storeFolder = (lab: Lab) => join(lab.dir, ".millrace");
const loseStore = (lab: Lab) => rm(storeFolder(lab), { recursive: true });
const copyStore = (lab: Lab) => cp(storeFolder(lab), join(lab.dir, "backup"), { recursive: true });
async function restoreStore(lab: Lab): Promise<void> {
  await loseStore(lab);
  await cp(join(lab.dir, "backup"), storeFolder(lab), { recursive: true });
}
const requests = (lab: Lab) => lab.sandbox.log().length;
const newPeople = (from: number, n: number) =>
  `insert into people select i, 'n' || i || '@example.com', 'New', 'silver' from range(${from}, ${from + n}) t(i)`;

/** Refused with STATE_DIVERGED and its mend, exit 1, nothing sent. */
async function expectDiverged(lab: Lab, ...args: readonly string[]): Promise<void> {
  const before = requests(lab);
  const { code, document } = await lab.run(...args);
  const error = document?.error ?? document?.runs?.[0]?.error;
  expect([code, error?.code]).toEqual([1, "STATE_DIVERGED"]);
  expect(error?.hint).toContain("--adopt");
  expect(error?.hint).toContain("--rebuild");
  expect(requests(lab)).toBe(before);
}

async function good(ended: Promise<Ended>, code = 0): Promise<Ended> {
  const how = await ended;
  expect([how.code, how.stderr]).toEqual([code, how.stderr]);
  return how;
}

/** A first or later run, killed with some requests unanswered. */
async function killedInFlight(lab: Lab, requestsWanted = 8): Promise<string> {
  const before = requests(lab);
  await lab.sandbox.misbehave({ kind: "slow", ms: 30_000, times: requestsWanted });
  const command = lab.start(...runArgs);
  await lab.until(command, "requests", () => requests(lab) >= before + requestsWanted);
  await command.kill();
  return lab.store().runs.at(-1)?.id ?? "";
}

describe("a store that was lost", () => {
  test(
    "stops every run, and --adopt goes on from the warehouse's ledger",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 60 });
      await good(lab.run(...runArgs));
      await loseStore(lab);
      await lab.sql(...laterAudience);
      await expectDiverged(lab, ...runArgs);
      const adopted = await good(lab.run(...runArgs, "people", "--adopt"));
      expect(adopted.document?.runs?.[0]?.counts).toMatchObject({ added: 25, removed: 20, unchanged: 20 });
      expect(await holds(lab)).toEqual([]);
      await good(lab.run(...runArgs));
    },
    timeout,
  );

  test(
    "stops every run, and --rebuild sends everything again",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 60 });
      await good(lab.run(...runArgs));
      await loseStore(lab);
      await expectDiverged(lab, ...runArgs);
      const rebuilt = await good(lab.run(...runArgs, "people", "--rebuild"));
      expect(rebuilt.document?.runs?.[0]?.counts).toMatchObject({ planned: 60, delivered: 60 });
      expect(await holds(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "in the middle of the first delivery of a once-only target: its rows wait for a decision, and none goes twice",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 100 });
      const runId = await killedInFlight(lab);
      await loseStore(lab);
      await expectDiverged(lab, ...runArgs);
      const adopted = await good(lab.run(...runArgs, "people", "--adopt"), 4);
      expect(adopted.document?.runs?.[0]?.counts).toMatchObject({ planned: 0, suppressed: 100 });
      expect([...(await readBooks(lab)).ledger.values()]).toEqual(Array(100).fill("unknown"));
      await good(lab.run("resolve", runId, "--drop"));
      await lab.sql(newPeople(501, 10));
      await good(lab.run(...runArgs));
      expect([...timesApplied(lab.sandbox.log()).values()].every((n) => n === 1)).toBe(true);
      expect(timesApplied(lab.sandbox.log()).size).toBe(74);
    },
    timeout,
  );

  test(
    "in the middle of a later delivery of a once-only target: only that plan's rows wait",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 40 });
      await good(lab.run(...runArgs));
      await lab.sql(newPeople(501, 80));
      await killedInFlight(lab);
      await loseStore(lab);
      await expectDiverged(lab, ...runArgs);
      await expectDiverged(lab, "plan");
      await good(lab.run(...runArgs, "people", "--adopt"), 4);
      const states = [...(await readBooks(lab)).ledger.values()];
      expect(["present", "unknown"].map((wanted) => states.filter((state) => state === wanted).length)).toEqual([
        40, 80,
      ]);
      await good(lab.run(...runArgs), 4);
      expect([...timesApplied(lab.sandbox.log()).values()].every((n) => n === 1)).toBe(true);
    },
    timeout,
  );

  test(
    "in the middle of a delivery whose people left since: they are taken away again",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 60 });
      await killedInFlight(lab, 5);
      await loseStore(lab);
      await lab.sql("delete from people where id <= 30");
      await expectDiverged(lab, ...runArgs);
      await good(lab.run(...runArgs, "people", "--adopt"));
      expect(await holds(lab)).toEqual([]);
    },
    timeout,
  );
});

describe("a store restored from a copy", () => {
  test(
    "of before the last run stops every run, and --adopt sends nothing twice",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 40 });
      await good(lab.run(...runArgs));
      await copyStore(lab);
      await lab.sql(newPeople(501, 30));
      await good(lab.run(...runArgs));
      await restoreStore(lab);
      await expectDiverged(lab, ...runArgs);
      const sent = requests(lab);
      await good(lab.run(...runArgs, "people", "--adopt"));
      expect(requests(lab)).toBe(sent);
      await good(lab.run(...runArgs));
    },
    timeout,
  );

  test(
    "of before a run that a crash then cut off does not send its rows as new ones",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 40 });
      await good(lab.run(...runArgs));
      await copyStore(lab);
      await lab.sql(newPeople(501, 80));
      const runId = await killedInFlight(lab);
      await restoreStore(lab);
      await expectDiverged(lab, ...runArgs);
      await good(lab.run(...runArgs, "people", "--adopt"), 4);
      await good(lab.run("resolve", runId, "--delivered"));
      await good(lab.run(...runArgs));
      expect([...timesApplied(lab.sandbox.log()).values()].every((n) => n === 1)).toBe(true);
    },
    timeout,
  );

  test(
    "with an unfinished run in it that was finished since does not finish it again",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 100 });
      await killedInFlight(lab);
      await copyStore(lab);
      await good(lab.run("resume"), 4);
      await restoreStore(lab);
      await expectDiverged(lab, "resume");
      await expectDiverged(lab, ...runArgs);
      const sent = requests(lab);
      await good(lab.run(...runArgs, "people", "--adopt"), 4);
      expect(requests(lab)).toBe(sent);
      expect([...timesApplied(lab.sandbox.log()).values()].every((n) => n === 1)).toBe(true);
    },
    timeout,
  );
});

describe("a warehouse restored from a copy", () => {
  const backup = (lab: Lab) => join(lab.dir, "yesterday.duckdb");

  test(
    "of before the last run stops every run; --adopt sends once more what the copy does not know",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 100 });
      await good(lab.run(...runArgs));
      await copyFile(lab.warehouseFile, backup(lab));
      await lab.sql(...laterAudience);
      await good(lab.run(...runArgs));
      await copyFile(backup(lab), lab.warehouseFile);
      // The models are built again, as of today.
      await lab.sql(...laterAudience);
      await expectDiverged(lab, ...runArgs);
      await good(lab.run(...runArgs, "people", "--adopt"));
      expect(await holds(lab)).toEqual([]);
      await good(lab.run(...runArgs));
    },
    timeout,
  );

  test(
    "of before a plan that is half delivered does not go on with another plan's rows",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 100 });
      await good(lab.run(...runArgs));
      await copyFile(lab.warehouseFile, backup(lab));
      await lab.sql(...laterAudience);
      await killedInFlight(lab, 2);
      await copyFile(backup(lab), lab.warehouseFile);
      await lab.sql(...laterAudience);
      await expectDiverged(lab, "resume");
      await expectDiverged(lab, ...runArgs);
      await good(lab.run(...runArgs, "people", "--adopt"));
      expect(await holds(lab)).toEqual([]);
    },
    timeout,
  );
});

describe("a once-only target whose warehouse was restored", () => {
  test(
    "gets nothing again when a person says that it has all rows",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 40 });
      await good(lab.run(...runArgs));
      await copyFile(lab.warehouseFile, join(lab.dir, "yesterday.duckdb"));
      await lab.sql(newPeople(501, 30));
      await good(lab.run(...runArgs));
      await copyFile(join(lab.dir, "yesterday.duckdb"), lab.warehouseFile);
      await lab.sql(newPeople(501, 30));
      await expectDiverged(lab, ...runArgs);
      const sent = requests(lab);
      const adopted = await good(lab.run("adopt", "people"));
      expect(adopted.document?.runs?.[0]?.counts).toMatchObject({ planned: 30, delivered: 30 });
      await good(lab.run(...runArgs));
      expect(requests(lab)).toBe(sent);
    },
    timeout,
  );
});

describe("a store that was half written", () => {
  test(
    "is named with its mend, exit 1, and nothing is sent",
    async ({ open }) => {
      const lab = await open(hookIdempotent, { rows: 20 });
      await good(lab.run(...runArgs));
      const sent = requests(lab);
      const { size } = await stat(lab.storeFile);
      for (const bytes of [size - 1_000, Math.floor(size / 2), 5_000, 100]) {
        await truncate(lab.storeFile, bytes);
        const { code, document } = await lab.run(...runArgs);
        const error = document?.error ?? document?.runs?.[0]?.error;
        expect([bytes, code, error?.code]).toEqual([bytes, 1, "STORE_FAILED"]);
        expect(error?.hint).toMatch(/backup/i);
      }
      expect(requests(lab)).toBe(sent);
    },
    timeout,
  );
});

/** Platform = audience = ledger; what the lost or restored side forgot of its history is not asked for. */
async function holds(lab: Lab): Promise<string[]> {
  return (await faultsOf(lab)).filter(
    (fault) => !/^millrace\.runs has .* left nothing$|^millrace\.runs lacks|batches|^the store/.test(fault),
  );
}
