/**
 * The sandbox as a process of its own, so that killing the command line leaves it and its log alone.
 * `node sandbox-process.ts LOG CONFIG`: says its URL on stdout, and ends when its standard input does.
 */
import { writeSync } from "node:fs";
import { systemClock } from "../../../src/core/clock.ts";
import type { SandboxConfigInput } from "../../../src/sandbox/config.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";

const [logFile = "", config = "{}"] = process.argv.slice(2);
const sandbox = await startSandbox({
  port: 0,
  clock: systemClock,
  logFile,
  config: JSON.parse(config) as SandboxConfigInput,
});
writeSync(1, `${sandbox.url}\n`);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
