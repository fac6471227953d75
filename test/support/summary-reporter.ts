import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

interface Summary {
  passed: number;
  failed: number;
  skipped: number;
  readonly skips: { readonly test: string; readonly reason: string }[];
  /** `why`: the first line of each attempt's error. */
  readonly failures: { readonly test: string; readonly why: readonly string[] }[];
  /** Passed when tried again. */
  readonly flaky: { readonly test: string; readonly why: readonly string[] }[];
  /** The files that took longest, with their hooks. */
  readonly slowest: { readonly file: string; readonly seconds: number }[];
}

const slowestFiles = 15;

/** Counts for the last lines of `npm test`, every skip with its reason and what failed, written where the runner asks for it. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env.MILLRACE_TEST_SUMMARY;
    if (file === undefined) return;
    const slowest = modules
      .map((module) => ({ file: module.relativeModuleId, seconds: module.diagnostic().duration / 1000 }))
      .toSorted((a, b) => b.seconds - a.seconds)
      .slice(0, slowestFiles);
    const summary: Summary = {
      passed: 0,
      failed: errors.length,
      skipped: 0,
      skips: [],
      failures: [],
      flaky: [],
      slowest,
    };
    for (const module of modules) {
      if (
        module.state() === "failed" &&
        [...module.children.allTests()].every((test) => test.result().state !== "failed")
      )
        summary.failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        const told = { test: nameOf(module, test), why: (result.errors ?? []).map(firstLine) };
        if (result.state === "passed") {
          summary.passed += 1;
          if (test.diagnostic()?.flaky === true) summary.flaky.push(told);
        } else if (result.state === "failed") {
          summary.failed += 1;
          summary.failures.push(told);
        } else {
          summary.skipped += 1;
          summary.skips.push({ test: told.test, reason: reasonOf(test) });
        }
      }
    }
    writeFileSync(file, JSON.stringify(summary));
  }
}

const nameOf = (module: TestModule, test: TestCase): string => `${module.relativeModuleId}: ${test.fullName}`;

const firstLine = ({ message }: { readonly message: string }): string => message.split("\n", 1)[0] ?? "";

function reasonOf(test: TestCase): string {
  const result = test.result();
  return result.state === "skipped" && result.note !== undefined ? result.note : "";
}
