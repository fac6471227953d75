// Installs what `npm run …` needs: the npm packages, Node 24 among them, and dbt in .venv.
// Plain JavaScript without dependencies, because it runs on whatever Node (20 or newer) the machine has, before anything is installed.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The Node that package.json asks for. */
export const NODE = join(ROOT, "node_modules", ".bin", process.platform === "win32" ? "node.exe" : "node");

/** Installs what is missing or out of date; when nothing is, takes some milliseconds. Exits with 1, saying why, if it cannot. */
export function setUp() {
  if (!npmIsCurrent()) {
    say("installing npm packages (about 20 s)");
    const npm = spawnSync("npm", ["ci", "--no-progress", "--loglevel=error"], { cwd: ROOT, encoding: "utf8" });
    if (npm.status !== 0) fail("npm ci failed", npm.stderr || npm.error?.message || npm.stdout);
    if (!existsSync(NODE)) {
      fail(
        "npm ci did not install Node 24",
        "its install script was not allowed to run: `npm install-scripts ls`, or the setting ignore-scripts",
      );
    }
  }
  if (!dbtIsCurrent()) {
    say("installing dbt into .venv (about 10 s)");
    const dbt = spawnSync(NODE, [join(ROOT, "scripts", "install-dbt.ts")], {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (dbt.status !== 0) process.exit(1);
  }
}

/** Compares the versions that are installed, as npm recorded them, with those of the lock. */
function npmIsCurrent() {
  const wanted = packagesOf(join(ROOT, "package-lock.json"));
  const installed = packagesOf(join(ROOT, "node_modules", ".package-lock.json"));
  if (wanted === null || installed === null || !existsSync(NODE)) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const present = installed[path];
    // Packages for other platforms are in the lock only.
    if (present === undefined ? !entry.optional : present.version !== entry.version) return false;
  }
  return true;
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8")).packages;
  } catch {
    return null;
  }
}

/** src/models/install-dbt.ts writes the stamp: the digest of the requirements that are installed. */
function dbtIsCurrent() {
  try {
    const wanted = createHash("sha256")
      .update(readFileSync(join(ROOT, "requirements.txt")))
      .digest("hex");
    return readFileSync(join(ROOT, ".venv", ".millrace-stamp"), "utf8") === wanted;
  } catch {
    return false;
  }
}

function say(line) {
  console.error(`set-up: ${line}`);
}

function fail(what, why) {
  say(`${what}\n${why}`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
