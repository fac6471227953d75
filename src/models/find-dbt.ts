import { execFile } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { DbtFailed } from "../core/errors.ts";
import { packageRoot } from "./package-root.ts";

/** The line of dbt-core whose logs and artifacts we read. */
const SUPPORTED = /^1\.11\./;
const VERSION_TIMEOUT_MS = 60_000;

/** dbt as found on this machine. */
export interface DbtProgram {
  /** Absolute path of `dbt`. */
  readonly path: string;
  /** A Python that can run our supervisor: the one dbt runs on, where it can be told. */
  readonly python: string;
  /** e.g. "1.11.16". */
  readonly version: string;
}

export interface FindDbtOptions {
  /** Path of dbt, from MILLRACE_DBT. */
  readonly explicit?: string | undefined;
  /** The project's folder: its `.venv` comes before Millrace's own, and that before the PATH. */
  readonly projectDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Throws DbtFailed, with the mend, if there is no dbt or the first one found has another version than 1.11. */
export async function findDbt(options: FindDbtOptions): Promise<DbtProgram> {
  const path = locateDbt(options);
  if (path === null) {
    throw new DbtFailed("dbt is not installed", { hint: howToInstall() });
  }
  return await dbtAt(path, options.env);
}

/** Throws DbtFailed if the program there cannot be run or has another version than 1.11. */
export async function dbtAt(path: string, env: Readonly<Record<string, string>>): Promise<DbtProgram> {
  const version = versionOf(path, "dbt-core") ?? (await reportedVersion(path, env));
  if (version === null) {
    throw new DbtFailed(`${path} does not say which dbt it is`, { hint: howToInstall() });
  }
  if (!SUPPORTED.test(version)) {
    throw new DbtFailed(`${path} is dbt ${version}; Millrace needs 1.11`, { hint: howToInstall() });
  }
  return { path, python: pythonOf(path), version };
}

/** The first dbt of those that may be meant; null if there is none. Throws DbtFailed if the one that was named is not there. */
export function locateDbt({ explicit, projectDir, env }: FindDbtOptions): string | null {
  if (explicit !== undefined) {
    if (existsSync(explicit)) return explicit;
    throw new DbtFailed(`MILLRACE_DBT names ${explicit}, which does not exist`, {
      hint: "set it to the path of dbt, or unset it",
    });
  }
  const folders = [
    join(projectDir, ".venv", "bin"),
    join(packageRoot(), ".venv", "bin"),
    ...(env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""),
  ];
  return folders.map((folder) => join(folder, "dbt")).find((file) => existsSync(file)) ?? null;
}

/** Whether the environment of the program holds a Python package; null if it keeps its packages where we do not see them. */
export const hasPackage = (path: string, name: string): boolean | null =>
  versionOf(path, "dbt-core") === null ? null : versionOf(path, name) !== null;

/** Reads the version from the package's folder beside the program, which saves the 3 s that `dbt --version` takes. */
function versionOf(path: string, name: string): string | null {
  const lib = join(dirname(dirname(realpathSync(path))), "lib");
  const prefix = `${name.replaceAll("-", "_")}-`;
  for (const python of list(lib)) {
    for (const entry of list(join(lib, python, "site-packages"))) {
      if (entry.startsWith(prefix) && entry.endsWith(".dist-info"))
        return entry.slice(prefix.length, -".dist-info".length);
    }
  }
  return null;
}

const list = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir) : []);

async function reportedVersion(path: string, env: Readonly<Record<string, string>>): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { env: { ...env }, timeout: VERSION_TIMEOUT_MS });
    // dbt-core says "installed: 1.11.16", dbt Fusion "dbt-fusion 2.0.0".
    return /(?:installed:|dbt-fusion)\s+([\w.+-]+)/.exec(stdout)?.[1] ?? null;
  } catch (cause) {
    throw new DbtFailed(`${path} cannot be run`, { hint: howToInstall(), cause });
  }
}

function pythonOf(path: string): string {
  const beside = join(dirname(realpathSync(path)), "python");
  return existsSync(beside) ? beside : "python3";
}

function howToInstall(): string {
  const requirements = join(packageRoot(), "requirements.txt");
  return `in a clone of Millrace: npm run setup; else, in your project: python3 -m venv .venv && .venv/bin/pip install -r ${requirements}`;
}
