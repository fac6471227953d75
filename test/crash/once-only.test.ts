import { describe, expect } from "vitest";
import { type Lab, runArgs } from "./support/lab.ts";
import { faultsOf, readBooks, timesApplied } from "./support/oracle.ts";
import { hookOnce } from "./support/scenarios.ts";
import { test, timeout } from "./support/test.ts";

/** A run of 80 rows in ten batches, killed with eight of them unanswered. */
async function killedInFlight(lab: Lab, kind: "slow" | "timeout_before"): Promise<string> {
  await lab.sandbox.misbehave(kind === "slow" ? { kind, ms: 30_000, times: 8 } : { kind, how: "hang", times: 8 });
  const command = lab.start(...runArgs);
  await lab.until(command, "eight requests", () => lab.sandbox.log().length >= 8);
  await command.kill();
  return lab.store().runs.at(-1)?.id ?? "";
}

const unknownKeys = async (lab: Lab) => {
  const { ledger } = await readBooks(lab);
  return [...ledger].filter(([, state]) => state === "unknown").map(([key]) => key);
};

describe("rows of a once-only target that were sent and never answered", () => {
  test(
    "are unknown and wait, out of every later plan, until a person says that they arrived",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 80 });
      const runId = await killedInFlight(lab, "slow");
      const resumed = await lab.run("resume");
      expect(resumed.code).toBe(4);
      expect(resumed.document?.runs?.[0]?.counts).toMatchObject({ planned: 80, delivered: 16, unknown: 64 });
      expect(await unknownKeys(lab)).toHaveLength(64);
      expect(await faultsOf(lab)).toEqual([]);

      await lab.sql(
        "insert into people select i, 'n' || i || '@example.com', 'New', 'silver' from range(501, 511) t(i)",
      );
      const next = await lab.run(...runArgs);
      expect([next.code, next.document?.runs?.[0]?.counts]).toMatchObject([
        4,
        { planned: 10, delivered: 10, suppressed: 64 },
      ]);
      expect(await faultsOf(lab)).toEqual([]);

      expect((await lab.run("resolve", runId, "--delivered")).code).toBe(0);
      const last = await lab.run(...runArgs);
      expect([last.code, last.document?.runs?.[0]?.counts]).toMatchObject([0, { planned: 0, suppressed: 0 }]);
      expect(await faultsOf(lab)).toEqual([]);
      expect([...timesApplied(lab.sandbox.log()).values()].every((n) => n === 1)).toBe(true);
      expect(timesApplied(lab.sandbox.log()).size).toBe(90);
    },
    timeout,
  );

  test(
    "are sent again when a person says that they did not arrive",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 80 });
      const runId = await killedInFlight(lab, "timeout_before");
      expect((await lab.run(...runArgs)).code).toBe(4);
      expect(await unknownKeys(lab)).toHaveLength(64);
      expect((await lab.run("resolve", runId, "--resend")).code).toBe(0);
      const next = await lab.run(...runArgs);
      expect([next.code, next.document?.runs?.[0]?.counts]).toMatchObject([0, { planned: 64, delivered: 64 }]);
      expect(await faultsOf(lab)).toEqual([]);
      expect(timesApplied(lab.sandbox.log()).size).toBe(80);
    },
    timeout,
  );

  test(
    "are never sent again when a person drops them",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 80 });
      const runId = await killedInFlight(lab, "timeout_before");
      expect((await lab.run("resume")).code).toBe(4);
      expect((await lab.run("resolve", runId, "--drop")).code).toBe(0);
      const next = await lab.run(...runArgs);
      expect([next.code, next.document?.runs?.[0]?.counts]).toMatchObject([0, { planned: 0, suppressed: 0 }]);
      expect(await faultsOf(lab)).toEqual([]);
      expect(timesApplied(lab.sandbox.log()).size).toBe(16);
    },
    timeout,
  );
});
