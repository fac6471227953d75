// Everything: format and lint, promises, types, architecture, then the tests with coverage. Runs on the Node that
// scripts/with-setup.mjs installed. Ends with one line: `N passed, N failed, N skipped`.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checks } from "./check.mjs";

const run = (name, command, args, env = {}) => {
  const startedAt = process.hrtime.bigint();
  const { status } = spawnSync(join("node_modules", ".bin", command), args, {
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} (${seconds.toFixed(1)} s)`);
  return status === 0;
};

const only = process.argv.slice(2);
// The BigQuery emulator costs minutes of building, once a machine: begun before the checks, awaited before the tests. Without
// Go its tests are skipped, and say so.
const wantsEmulator = only.length === 0 || only.some((path) => path.includes("bigquery"));
const emulator = wantsEmulator ? spawn(process.execPath, ["test/support/bigquery/build-emulator.ts"]) : null;
const built = emulator && new Promise((resolve) => emulator.once("close", resolve));

let passed = 0;
let failed = 0;
if (only.length === 0) {
  for (const [name, command, ...args] of checks) {
    if (run(name, command, args)) passed += 1;
    else failed += 1;
  }
}

await built;
const scratch = mkdtempSync(join(tmpdir(), "millrace-test-"));
const summaryFile = join(scratch, "summary.json");
const coverage = only.length === 0 ? ["--coverage"] : [];
const reporters = ["--reporter=dot", "--reporter=./test/support/summary-reporter.ts"];
const green = run("tests", "vitest", ["run", ...reporters, ...coverage, ...only], {
  MILLRACE_TEST_SUMMARY: summaryFile,
});

let skipped = 0;
try {
  const summary = JSON.parse(readFileSync(summaryFile, "utf8"));
  passed += summary.passed;
  failed += summary.failed;
  skipped = summary.skipped;
  const reasons = Map.groupBy(summary.skips, (skip) => skip.reason);
  for (const [reason, skips] of reasons) {
    console.log(`skipped ${skips.length}: ${reason}`);
    if (reason !== "") continue;
    failed += skips.length;
    for (const { test } of skips) console.log(`  no reason given: ${test}`);
  }
  if (only.length === 0) {
    for (const { file, seconds } of summary.slowest) console.log(`slowest: ${seconds.toFixed(0)} s ${file}`);
  }
  for (const [what, tests] of [
    ["flaky", summary.flaky],
    ["failed", summary.failures],
  ]) {
    for (const { test, why } of tests) console.log([`${what}: ${test}`, ...why].join("\n  "));
  }
} catch {
  failed += 1;
}
if (!green && failed === 0) failed += 1;
rmSync(scratch, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
