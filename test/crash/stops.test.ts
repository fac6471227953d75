import { describe, expect } from "vitest";
import { runArgs } from "./support/lab.ts";
import { faultsOf, readBooks } from "./support/oracle.ts";
import { csvSnapshot, hookIdempotent, hookOnce } from "./support/scenarios.ts";
import { test, timeout } from "./support/test.ts";

describe.concurrent("a delivery that is asked to stop", () => {
  test.for(["SIGINT", "SIGTERM"] as const)(
    "by %s ends with 130 within ten seconds though nobody answers, and can be resumed",
    { timeout },
    async (signal, { open, expect }) => {
      const lab = await open(hookIdempotent, { rows: 120 });
      await lab.sandbox.misbehave({ kind: "timeout_after", how: "hang", times: 8 });
      const command = lab.start(...runArgs);
      await lab.until(command, "eight requests", () => lab.sandbox.log().length >= 8);
      const asked = performance.now();
      command.process.kill(signal);
      expect((await command.ended).code).toBe(130);
      expect(performance.now() - asked).toBeLessThan(10_000);
      expect(lab.sandbox.log()).toHaveLength(8);
      expect((await lab.run("resume")).code).toBe(0);
      expect(await faultsOf(lab)).toEqual([]);
    },
  );

  test(
    "waits a little for answers, so that rows of a once-only target are not unknown without need",
    async ({ open, expect }) => {
      const lab = await open(hookOnce, { rows: 120 });
      await lab.sandbox.misbehave({ kind: "slow", ms: 1_500, times: 8 });
      const command = lab.start(...runArgs);
      await lab.until(command, "eight requests", () => lab.sandbox.log().length >= 8);
      command.process.kill("SIGTERM");
      expect((await command.ended).code).toBe(130);
      expect((await lab.run("resume")).code).toBe(0);
      expect((await readBooks(lab)).results.every(({ status }) => status === "delivered")).toBe(true);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );
});

// `ulimit -f` ends every write beyond a size, as a full disk does. Windows has no such thing.
describe.skipIf(process.platform === "win32")("a disk that is full", () => {
  test(
    "is told, exit 1, and nothing is lost once there is room again",
    async ({ open }) => {
      const lab = await open(csvSnapshot, { rows: 3_000 });
      expect((await lab.run(...runArgs)).code).toBe(0);
      await lab.sql("update people set tier = repeat('x', 200)");
      const full = await lab.startLimited("-f 700", ...runArgs).ended;
      expect([full.code, full.signal]).toEqual([1, null]);
      const error = full.document?.error ?? full.document?.runs?.[0]?.error;
      expect(error?.code).toMatch(/WAREHOUSE_FAILED|STORE_FAILED|DEST_UNAVAILABLE/);
      expect(error?.hint).not.toMatch(/defect/);
      expect((await lab.run(...runArgs)).code).toBe(0);
      expect(await faultsOf(lab)).toEqual([]);
    },
    timeout,
  );
});
