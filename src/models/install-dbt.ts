import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Clock, systemClock } from "../core/clock.ts";
import { DbtFailed } from "../core/errors.ts";
import { packageRoot } from "./package-root.ts";

const run = promisify(execFile);

/** Marks an environment as ours and finished; `scripts/setup.mjs` reads it too. Its text is the digest of what is installed. */
const STAMP = ".millrace-stamp";
const LOCK_POLL_MS = 250;
const LOCK_WAIT_MS = 300_000;
const PYTHONS = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

export interface InstallDbtOptions {
  /** Where `.venv` is made. */
  readonly root: string;
  /** `local`: DuckDB and Postgres, 150 MB. `cloud`: Snowflake and BigQuery as well, 610 MB. */
  readonly adapters?: "local" | "cloud";
  /** Another hashed list in place of the adapters'. */
  readonly requirements?: string;
  /** For Python, pip and uv: PATH, proxies, certificates. */
  readonly env: Readonly<Record<string, string>>;
  readonly onProgress?: (line: string) => void;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Makes `.venv` with dbt in the versions and hashes of requirements.txt, or does nothing if it is there and current.
 * Safe to call from several processes at once. An environment that is not ours is left alone.
 * Throws DbtFailed, with the mend, if there is no fitting Python or an installation fails.
 */
export async function installDbt(options: InstallDbtOptions): Promise<"installed" | "current"> {
  const { root, env, signal } = options;
  const say = options.onProgress ?? (() => undefined);
  const lists = await wanted(options);
  const venv = join(root, ".venv");
  if ((await stampOf(venv)) === lists.digest) return "current";
  return await alone(root, options.clock ?? systemClock, signal, async () => {
    const stamp = await stampOf(venv);
    if (stamp === lists.digest) return "current";
    if (stamp === null && existsSync(join(venv, "pyvenv.cfg")) && !existsSync(join(venv, `${STAMP}.begun`))) {
      throw new DbtFailed(`${venv} is a Python environment that Millrace did not make`, {
        hint: `install dbt into it: ${join(venv, "bin", "pip")} install -r ${lists.adapters}; or remove it`,
      });
    }
    await rm(venv, { recursive: true, force: true });
    const python = await findPython(env);
    say(`dbt: making ${venv}`);
    const limits = { env: { ...env }, maxBuffer: 64 * 1024 * 1024, ...(signal ? { signal } : {}) };
    await attempt("make a Python environment", () => run(python, ["-m", "venv", venv], limits), {
      hint: "Python lacks its venv module (Debian, Ubuntu: apt install python3-venv)",
    });
    await writeFile(join(venv, `${STAMP}.begun`), "");
    const inside = join(venv, "bin", "python");
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lists.uv];
    await attempt("install uv", () => run(inside, pip, limits), unreachable);
    say("dbt: installing dbt and its adapters");
    const uv = ["pip", "install", "--quiet", "--require-hashes", "--python", inside, "-r", lists.adapters];
    await attempt("install dbt", () => run(join(venv, "bin", "uv"), uv, limits), unreachable);
    await writeFile(join(venv, STAMP), lists.digest);
    return "installed";
  });
}

const unreachable = {
  hint: "is the Python package index reachable? a proxy or mirror is set by pip's and uv's own variables",
};

async function wanted({ adapters = "local", requirements }: InstallDbtOptions) {
  const root = packageRoot();
  const lists = {
    uv: join(root, "requirements-uv.txt"),
    adapters: requirements ?? join(root, adapters === "cloud" ? "requirements-cloud.txt" : "requirements.txt"),
  };
  return {
    ...lists,
    digest: createHash("sha256")
      .update(await readFile(lists.adapters))
      .digest("hex"),
  };
}

async function stampOf(venv: string): Promise<string | null> {
  return await readFile(join(venv, STAMP), "utf8").catch(() => null);
}

/** The first Python that dbt-core 1.11 names as supported; a newer one only if there is no other. */
async function findPython(env: Readonly<Record<string, string>>): Promise<string> {
  const newer: string[] = [];
  const older: string[] = [];
  for (const name of PYTHONS) {
    const ask = run(name, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], { env: { ...env } });
    const version = await ask.then(
      (answer) => answer.stdout.trim(),
      () => null,
    );
    const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
    if (major === 3 && minor >= 10 && minor <= 13) return name;
    if (major === 3 && minor > 13) newer.push(name);
    else if (version !== null) older.push(`${name} is ${version}`);
  }
  const [fallback] = newer;
  if (fallback !== undefined) return fallback;
  throw new DbtFailed(`dbt needs Python 3.10 or newer; ${older.length > 0 ? older.join(", ") : "there is none"}`, {
    hint: "install it so that python3 is on the PATH (Debian, Ubuntu: apt install python3 python3-venv)",
  });
}

async function attempt(what: string, work: () => Promise<unknown>, mend: { readonly hint: string }): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const output = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
    const lastLines = output.split("\n").slice(-5).join("\n");
    throw new DbtFailed(`could not ${what}${lastLines ? `: ${lastLines}` : ""}`, { ...mend, cause });
  }
}

/** One installer per folder at a time; a lock whose process is gone is taken over. */
async function alone<T>(
  root: string,
  clock: Clock,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const lock = join(root, ".venv.lock");
  await mkdir(root, { recursive: true });
  for (let waitedMs = 0; !(await take(lock)); waitedMs += LOCK_POLL_MS) {
    if (waitedMs >= LOCK_WAIT_MS) {
      throw new DbtFailed("another process has been installing dbt for five minutes", {
        hint: `end it, or remove ${lock} if there is none`,
      });
    }
    await clock.sleep(LOCK_POLL_MS, signal);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    const holder = Number(await readFile(lock, "utf8").catch(() => ""));
    // An empty file is one that its maker is about to write.
    if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}
