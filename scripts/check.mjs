// The quick checks, in order: name, program of node_modules/.bin, arguments. `npm run check` runs them and the unit tests.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const checks = [
  ["format and lint", "biome", "check", "--error-on-warnings"],
  ["promises", "eslint", "--max-warnings=0"],
  ["types", "tsc", "-p", ".", "--incremental", "--tsBuildInfoFile", "node_modules/.cache/types.tsbuildinfo"],
  ["architecture", "node", "scripts/architecture.mjs"],
];

const unit = [
  "unit tests",
  "vitest",
  "run",
  "--reporter=dot",
  "test/core",
  "test/config",
  "test/plan/mapping.test.ts",
  "test/store",
  "test/schedule",
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, command, ...args] of [...checks, unit]) {
    const { status } = spawnSync(join("node_modules", ".bin", command), args, { stdio: "inherit" });
    console.log(`${status === 0 ? "ok  " : "FAIL"} ${name}`);
    if (status !== 0) process.exit(1);
  }
}
