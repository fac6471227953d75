import { setTimeout as sleep } from "node:timers/promises";
import { openLab, runArgs } from "./lab.ts";
import { faultsOf } from "./oracle.ts";
import { hookOnce } from "./scenarios.ts";

/**
 * A process that is stopped for longer than its lease (a laptop that sleeps, a virtual machine that is paused) and goes on
 * when another has taken over: it must notice before it sends or writes anything. Until then its hold on the DuckDB file keeps
 * the other from settling. Takes 40 seconds. Everything that does not hold.
 */
export async function frozenProcess(): Promise<string[]> {
  const lab = await openLab(hookOnce, { rows: 200 });
  try {
    await lab.sandbox.misbehave({ kind: "slow", ms: 3_000, times: 8 });
    const frozen = lab.start(...runArgs);
    await lab.until(frozen, "eight requests", () => lab.sandbox.log().length >= 8);
    frozen.process.kill("SIGSTOP");
    await sleep(31_000);
    const second = lab.start(...runArgs);
    await lab.until(second, "everything sent", ({ runs }) => runs.at(-1)?.stage === "settle");
    frozen.process.kill("SIGCONT");
    const [woken, successor] = [await frozen.ended, await second.ended];
    return [
      ...(successor.code === 4 ? [] : [`the successor ended with ${successor.code}: ${successor.stderr}`]),
      ...(woken.code === 1 ? [] : [`the woken process ended with ${woken.code}: ${woken.stderr}`]),
      ...(/FENCE_LOST/.test(woken.stderr) ? [] : [`the woken process did not notice: ${woken.stderr}`]),
      ...(await faultsOf(lab)),
    ];
  } finally {
    await lab.close();
  }
}
