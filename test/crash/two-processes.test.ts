import { describe, expect } from "vitest";
import { runArgs } from "./support/lab.ts";
import { faultsOf, timesApplied } from "./support/oracle.ts";
import { hookOnce } from "./support/scenarios.ts";
import { test, timeout } from "./support/test.ts";

describe("two processes on one sync", () => {
  test(
    "never both deliver: one does, the other says who holds it",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 80 });
      await lab.sandbox.misbehave({ kind: "slow", ms: 1_500, times: "always" });
      const both = [lab.start(...runArgs), lab.start(...runArgs)];
      const ends = await Promise.all(both.map(({ ended }) => ended));
      expect(ends.map(({ code }) => code).toSorted()).toEqual([0, 1]);
      const refused = ends.find(({ code }) => code === 1)?.document?.runs?.[0]?.error;
      const winner = both[ends.findIndex(({ code }) => code === 0)];
      expect(refused).toMatchObject({ code: "LEASE_HELD" });
      expect(refused?.message).toContain(`pid ${winner?.process.pid}`);
      expect([...timesApplied(lab.sandbox.log()).values()]).toEqual(Array(80).fill(1));
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );

  test(
    "do not resume what the other is delivering",
    async ({ open }) => {
      const lab = await open(hookOnce, { rows: 80 });
      await lab.sandbox.misbehave({ kind: "slow", ms: 3_000, times: 8 });
      const running = lab.start(...runArgs);
      await lab.until(running, "requests", () => lab.sandbox.log().length >= 8);
      const resumed = await lab.run("resume");
      expect([resumed.code, resumed.document?.runs?.[0]?.error?.code]).toEqual([1, "LEASE_HELD"]);
      expect((await running.ended).code).toBe(0);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );
});
