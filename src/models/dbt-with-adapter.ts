import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { DbtFailed, Interrupted } from "../core/errors.ts";
import { type DbtProgram, dbtAt, type FindDbtOptions, hasPackage, locateDbt } from "./find-dbt.ts";
import { installDbt } from "./install-dbt.ts";
import { packageRoot } from "./package-root.ts";

export interface DbtWithAdapterOptions extends FindDbtOptions {
  /** The engine whose adapter dbt needs and Millrace's own environment does not hold. */
  readonly engine: "snowflake" | "bigquery";
  /** Millrace's private folder in the project (`.millrace`). */
  readonly stateDir: string;
  /** Says what takes long. */
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
  readonly install?: typeof installDbt;
}

/**
 * A dbt that knows a cloud warehouse: the one that is there if it has the adapter, else one that is installed once into
 * the project's private folder, pinned by hash. Beside Millrace's own and not in its place: other projects run that one,
 * and it is a quarter of the size. What a person made for the project, or named, is left as it is.
 * Throws DbtFailed, naming the one command, where it cannot be installed or is not ours to change; Interrupted.
 */
export async function dbtWithAdapter(options: DbtWithAdapterOptions): Promise<DbtProgram> {
  const { engine, env, projectDir, signal, onProgress, install = installDbt } = options;
  const adapter = `dbt-${engine}`;
  const requirements = join(packageRoot(), "requirements-cloud.txt");
  const located = locateDbt(options);
  // Where packages cannot be seen (a wrapper script), dbt itself says what is missing.
  if (located !== null && hasPackage(located, adapter) !== false) return await dbtAt(located, env);
  const isTheirs = options.explicit !== undefined || located === join(projectDir, ".venv", "bin", "dbt");
  if (located !== null && isTheirs) {
    const python = join(dirname(located), "python");
    throw new DbtFailed(`${located} lacks ${adapter}`, {
      hint: `${existsSync(python) ? python : "python3"} -m pip install -r ${requirements}`,
    });
  }
  const root = join(options.stateDir, "dbt-cloud");
  const tell = once(() =>
    onProgress(`dbt: ${adapter} is missing; installing it, once for this project (about 600 MB)`),
  );
  try {
    const progress = (line: string) => {
      tell();
      onProgress(line);
    };
    await install({ root, adapters: "cloud", env, onProgress: progress, signal });
  } catch (cause) {
    if (signal.aborted) throw new Interrupted("installing dbt was stopped", { hint: "run it again", cause });
    if (!(cause instanceof DbtFailed)) throw cause;
    const venv = join(projectDir, ".venv");
    throw new DbtFailed(`${adapter} is missing and could not be installed: ${cause.message}`, {
      hint: `${cause.hint} By hand: python3 -m venv ${venv} && ${join(venv, "bin", "pip")} install -r ${requirements}`,
      cause,
    });
  }
  return await dbtAt(join(root, ".venv", "bin", "dbt"), env);
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
