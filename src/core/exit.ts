import type { PlanCounts } from "./plan.ts";
import type { RunCounts, RunStatus } from "./run.ts";

/** 0 done · 1 failed · 2 usage or configuration · 3 done, with rejected or retry rows · 4 held by a guard or unknown rows · 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;

const worstFirst: readonly ExitCode[] = [130, 2, 1, 4, 3, 0];

/** Over several syncs the worst wins: 2, 1, 4, 3, 0. */
export const worstExit = (codes: readonly ExitCode[]): ExitCode => worstFirst.find((code) => codes.includes(code)) ?? 0;

/**
 * What a run's end means to a pipeline. Rows that wait (refused by the plan, standing rejects, unknown outcomes) keep
 * speaking up until somebody mends or decides them: no run is green while a row of the model is not where it should be.
 */
export function runExit(status: RunStatus, plan: PlanCounts | null, counts: RunCounts | null): ExitCode {
  if (status === "held") return 4;
  if (status !== "done") return 1;
  if ((counts?.unknown ?? 0) > 0 || (plan?.suppressed ?? 0) > 0) return 4;
  if ((counts?.rejected ?? 0) + (counts?.retry ?? 0) + (plan?.refused ?? 0) > 0) return 3;
  return 0;
}
