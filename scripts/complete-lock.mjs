// Completes package-lock.json with the optional packages of other platforms. Run it after every change of dependencies.
//
// npm leaves a platform's package out of the lock when it was not installed or could not be fetched at the time
// (https://github.com/npm/cli/issues/4828), and `npm ci` then refuses the lock: "Missing: … from lock file".
// Their versions are exact in the parent's optionalDependencies; os, cpu and libc are in their names.
// An entry added here has no integrity hash: npm fetches it by version on the platform that needs it.

import { readFileSync, writeFileSync } from "node:fs";

const LOCK = new URL("../package-lock.json", import.meta.url);
const SYSTEMS = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const CPUS = ["arm", "arm64", "ia32", "loong64", "ppc64", "riscv64", "s390x", "wasm32", "x64"];
const EXACT = /^\d+\.\d+\.\d+[\w.+-]*$/;

const lock = JSON.parse(readFileSync(LOCK, "utf8"));
const added = [];
for (const [parentPath, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (lock.packages[path] || lock.packages[`${parentPath}/${path}`]) continue;
    const words = name.split(/[/-]/);
    const os = SYSTEMS.filter((system) => words.includes(system));
    const cpu = CPUS.filter((kind) => words.includes(kind));
    if (!EXACT.test(version) || os.length !== 1 || cpu.length !== 1) {
      throw new Error(
        `${name}@${version}, wanted by ${parentPath}, is not in the lock and is no platform's package: run npm install`,
      );
    }
    const libc = os[0] === "linux" ? { libc: [words.includes("musl") ? "musl" : "glibc"] } : {};
    const dev = parent.dev ? { dev: true } : {};
    lock.packages[path] = { version, cpu, ...dev, ...libc, optional: true, os };
    added.push(`${name}@${version}`);
  }
}

if (added.length > 0) {
  const entries = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
  lock.packages = Object.fromEntries(entries);
  writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(added.length > 0 ? `package-lock.json: added ${added.join(", ")}` : "package-lock.json is complete");
