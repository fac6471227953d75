import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Counts for the last line of `npm test`, and every skip with its reason, written where the runner asks for it. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env.MILLRACE_TEST_SUMMARY;
    if (file === undefined) return;
    const summary = { passed: 0, failed: errors.length, skipped: 0, skips: [] as { test: string; reason: string }[] };
    for (const module of modules) {
      if (
        module.state() === "failed" &&
        [...module.children.allTests()].every((test) => test.result().state !== "failed")
      )
        summary.failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") summary.passed += 1;
        else if (result.state === "failed") summary.failed += 1;
        else {
          summary.skipped += 1;
          summary.skips.push({ test: nameOf(module, test), reason: reasonOf(test) });
        }
      }
    }
    writeFileSync(file, JSON.stringify(summary));
  }
}

const nameOf = (module: TestModule, test: TestCase): string => `${module.relativeModuleId}: ${test.fullName}`;

function reasonOf(test: TestCase): string {
  const result = test.result();
  return result.state === "skipped" && result.note !== undefined ? result.note : "";
}
