#!/usr/bin/env node
// Starts the command line: from source in a checkout, from dist/ in the published package. Where the machine's Node is too
// old to run it, the Node that the checkout installed takes over.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const entry = existsSync(file("../src/cli.ts")) ? file("../src/cli.ts") : file("../dist/cli.js");
const own = file("../node_modules/node/bin/node");

if (major > 22 || (major === 22 && minor >= 18)) {
  process.argv[1] = entry;
  // Before the first TypeScript file is read: what is in the cache needs no stripping, and the stripper, 0.15 s, is not loaded.
  module.enableCompileCache?.();
  await import(entry);
} else if (existsSync(own)) {
  const child = spawn(own, [entry, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
} else {
  console.error(
    `millrace needs Node 22.18 or newer; this is ${process.versions.node}. In a checkout, \`npm ci\` brings its own.`,
  );
  process.exitCode = 2;
}
