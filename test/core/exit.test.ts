import { describe, expect, test } from "vitest";
import { type ExitCode, runExit, worstExit } from "../../src/core/exit.ts";
import type { PlanCounts } from "../../src/core/plan.ts";
import { noCounts } from "../../src/core/plan.ts";
import { noFates, type RunCounts, type RunStatus } from "../../src/core/run.ts";

describe("over several syncs the worst wins", () => {
  test.each<[ExitCode[], ExitCode]>([
    [[], 0],
    [[0, 0], 0],
    [[0, 3], 3],
    [[3, 4], 4],
    [[4, 1, 3], 1],
    [[1, 2, 4], 2],
    [[2, 130], 130],
  ])("%j → %i", (codes, worst) => {
    expect(worstExit(codes)).toBe(worst);
    expect(worstExit(codes.toReversed())).toBe(worst);
  });
});

describe("a run's exit code", () => {
  const exit = (status: RunStatus, plan: Partial<PlanCounts> = {}, counts: Partial<RunCounts> = {}): ExitCode =>
    runExit(status, { ...noCounts, ...plan }, { ...noFates, ...counts });

  test.each<[string, ExitCode, ExitCode]>([
    ["all delivered", exit("done", { modelRows: 2 }, { planned: 2, delivered: 2 }), 0],
    ["nothing to do", exit("done"), 0],
    ["no plan was made", runExit("done", null, null), 0],
    ["rejected rows", exit("done", {}, { rejected: 1 }), 3],
    ["rows to try again", exit("done", {}, { retry: 1 }), 3],
    ["rows refused by the plan", exit("done", { refused: 1 }), 3],
    ["unanswered rows", exit("done", {}, { unknown: 1, rejected: 5 }), 4],
    ["rows that wait for a decision", exit("done", { suppressed: 1, refused: 5 }), 4],
    ["held by a guard", exit("held"), 4],
    ["failed", exit("failed", { suppressed: 1 }, { unknown: 1 }), 1],
    ["abandoned", exit("abandoned"), 1],
    ["superseded", exit("superseded"), 1],
    ["expired", exit("expired"), 1],
  ])("%s", (_, code, expected) => {
    expect(code).toBe(expected);
  });
});
