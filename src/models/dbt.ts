import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { DbtFailed, Interrupted, WarehouseBusy } from "../core/errors.ts";
import { type NodeResult, readRunResults } from "./artifacts.ts";
import { AS_OF_VARIABLE, asOfText } from "./as-of.ts";
import { createLogReader, type DbtEvent } from "./dbt-event.ts";
import type { DbtProgram } from "./find-dbt.ts";
import { dbtPackageDir } from "./package-root.ts";
import { type DbtWarehouse, makeProfile } from "./profile.ts";
import { packagesDigest, readProjectFile } from "./project-file.ts";
import { SUPERVISOR } from "./supervisor.ts";

/** How long dbt may take to cancel its queries before it is killed. */
const GRACE_SECONDS = 5;
const STDERR_LINES_KEPT = 20;
const FAILED = new Set(["error", "runtime error", "fail", "partial success"]);

export interface DbtOptions {
  readonly program: DbtProgram;
  /** The folder of dbt_project.yml. */
  readonly projectDir: string;
  /** The folder of profiles.yml. Left out: the project's own, or else a profile made from `warehouse`. */
  readonly profilesDir?: string;
  readonly target?: string;
  readonly warehouse: DbtWarehouse;
  /** The schema of models that name none, where the profile is made here. */
  readonly schema?: string;
  /** Where manifest.json and the like go; the project's `target` if left out. */
  readonly targetDir?: string;
  /** Millrace's private folder in the project (`.millrace`). */
  readonly stateDir: string;
  /** The whole environment dbt runs in. */
  readonly env: Readonly<Record<string, string>>;
}

export interface BuildOptions {
  /** dbt's selection, see `selectionFor`; left out or empty: everything. */
  readonly select?: readonly string[];
  /** What `{{ millrace.as_of() }}` gives. */
  readonly asOf: Date;
  readonly onEvent?: (event: DbtEvent) => void;
  readonly signal?: AbortSignal;
}

export interface BuildOutcome {
  /** Every node succeeded; warnings are no failures. */
  readonly ok: boolean;
  readonly results: readonly NodeResult[];
  /** Those with an error or a failed test; what was skipped for them is only in `results`. */
  readonly failed: readonly NodeResult[];
  /** Holds manifest.json and run_results.json. */
  readonly targetDir: string;
}

export interface Dbt {
  readonly targetDir: string;
  /**
   * Installs the project's packages where they changed, then seeds, builds and tests. Failed nodes are in the outcome.
   * Throws DbtFailed, with dbt's own words, if dbt could not run; WarehouseBusy; Interrupted after an abort, when dbt is gone.
   */
  build(options: BuildOptions): Promise<BuildOutcome>;
  /**
   * SQL with `{{ }}` in it as the warehouse would run it. Installs packages where they changed.
   * Throws DbtFailed with dbt's own words; WarehouseBusy; Interrupted.
   */
  render(sql: string, options: Pick<BuildOptions, "asOf" | "signal">): Promise<string>;
  /** Connects to the warehouse and does nothing there. Throws DbtFailed with dbt's own words. */
  debug(signal?: AbortSignal): Promise<void>;
}

/**
 * dbt for one project. It runs in a process group of its own that ends with this process, however that ends.
 * The caller lets go of the warehouse first (`Warehouse.handOver`).
 */
export function createDbt(options: DbtOptions): Dbt {
  const projectDir = resolve(options.projectDir);
  const targetDir = resolve(options.targetDir ?? join(projectDir, "target"));

  /** Global arguments and environment of every call. */
  async function prepare() {
    const file = await readProjectFile(projectDir);
    const own = options.profilesDir ?? (existsSync(join(projectDir, "profiles.yml")) ? projectDir : null);
    const target = options.target ?? "millrace";
    const { warehouse, stateDir, schema = "analytics" } = options;
    const made =
      own === null ? await makeProfile({ profile: file.profile, target, warehouse, schema, stateDir }) : null;
    const args = ["--project-dir", projectDir, "--profiles-dir", made?.dir ?? own ?? projectDir];
    if (made !== null || options.target !== undefined) args.push("--target", target);
    const env = {
      ...options.env,
      ...made?.env,
      // dbt's own programs beside it first, e.g. for Python models.
      PATH: `${dirname(options.program.path)}${delimiter}${options.env.PATH ?? ""}`,
      DBT_SEND_ANONYMOUS_USAGE_STATS: "false",
      MILLRACE_DBT_PACKAGE: dbtPackageDir(),
      NO_COLOR: "1",
    };
    return { file, args, env };
  }

  async function run(command: readonly string[], env: Readonly<Record<string, string>>, build: Partial<BuildOptions>) {
    const { signal, onEvent } = build;
    signal?.throwIfAborted();
    const guard = ["-c", SUPERVISOR, String(GRACE_SECONDS), options.program.path];
    const child = execa(options.program.python, [...guard, "--log-format", "json", "--no-use-colors", ...command], {
      cwd: projectDir,
      env,
      extendEnv: false,
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      stdin: "pipe",
    });
    const stop = () => child.stdin.end();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const readEvent = createLogReader();
      const errors: string[] = [];
      const stderr: string[] = [];
      const readStdout = async () => {
        for await (const line of child.iterable({ from: "stdout" })) {
          const event = readEvent(line);
          if (event === null) continue;
          if (event.kind === "problem" && event.level === "error") errors.push(event.message);
          onEvent?.(event);
        }
      };
      const readStderr = async () => {
        for await (const line of child.iterable({ from: "stderr" })) {
          stderr.push(line);
          if (stderr.length > STDERR_LINES_KEPT) stderr.shift();
        }
      };
      const [result] = await Promise.all([child, readStdout(), readStderr()]);
      if (signal?.aborted) {
        throw new Interrupted("dbt was stopped", { hint: "run it again", cause: signal.reason });
      }
      return {
        exitCode: result.exitCode,
        said: errors.join("\n") || stderr.join("\n") || (result.originalMessage ?? ""),
      };
    } finally {
      signal?.removeEventListener("abort", stop);
      // Should reading have failed, dbt must not outlive it.
      child.stdin.end();
    }
  }

  async function installPackages(
    file: { readonly packagesDir: string },
    args: readonly string[],
    env: Record<string, string>,
    build: Partial<BuildOptions>,
  ) {
    const stamp = join(file.packagesDir, ".millrace-stamp");
    const wanted = await packagesDigest(projectDir, dbtPackageDir());
    if (wanted === null || (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted)) return;
    build.onEvent?.({ kind: "phase", phase: "deps" });
    const { exitCode, said } = await run(["deps", ...args], env, build);
    if (exitCode !== 0) throw failure("dbt deps", exitCode, said);
    await mkdir(file.packagesDir, { recursive: true });
    // dbt has written package-lock.yml meanwhile.
    await writeFile(stamp, (await packagesDigest(projectDir, dbtPackageDir())) ?? "");
  }

  return {
    targetDir,

    async build(build) {
      const { file, args, env } = await prepare();
      await installPackages(file, args, env, build);
      // What is there afterwards is of this run.
      await rm(join(targetDir, "run_results.json"), { force: true });
      build.onEvent?.({ kind: "phase", phase: "build" });
      const selection = build.select?.length ? ["--select", ...build.select, "--indirect-selection", "buildable"] : [];
      const command = ["build", ...args, "--target-path", targetDir, ...selection];
      const { exitCode, said } = await run(command, { ...env, [AS_OF_VARIABLE]: asOfText(build.asOf) }, build);
      if (exitCode !== 0 && exitCode !== 1) throw failure("dbt build", exitCode, said);
      if (!existsSync(join(targetDir, "run_results.json"))) {
        if (exitCode !== 0) throw failure("dbt build", exitCode, said);
        return { ok: true, results: [], failed: [], targetDir };
      }
      const { results } = await readRunResults(targetDir);
      const failed = results.filter((result) => FAILED.has(result.status));
      return { ok: exitCode === 0, results, failed, targetDir };
    },

    async render(sql, { asOf, signal }) {
      const { file, args, env } = await prepare();
      let rendered: string | null = null;
      const onEvent = (event: DbtEvent): void => {
        if (event.kind === "rendered") rendered = event.sql;
      };
      const options = { onEvent, ...(signal === undefined ? {} : { signal }) };
      await installPackages(file, args, env, options);
      const command = ["compile", ...args, "--target-path", targetDir, "--inline", sql];
      const { exitCode, said } = await run(command, { ...env, [AS_OF_VARIABLE]: asOfText(asOf) }, options);
      if (exitCode !== 0 || rendered === null) throw failure("dbt compile", exitCode, said);
      return rendered;
    },

    async debug(signal) {
      const { args, env } = await prepare();
      const { exitCode, said } = await run(
        ["debug", "--connection", ...args],
        env,
        signal === undefined ? {} : { signal },
      );
      if (exitCode !== 0) throw failure("dbt debug", exitCode, said);
    },
  };
}

function failure(command: string, exitCode: number | undefined, said: string): DbtFailed | WarehouseBusy {
  if (/Could not set lock on file/.test(said)) {
    const holder = /\(PID (\d+)\)/.exec(said)?.[1];
    return new WarehouseBusy(
      `dbt cannot open the warehouse: ${holder ? `process ${holder}` : "another process"} has it`,
      {
        hint: "wait until it is done, or end it",
      },
    );
  }
  const words = said === "" ? `it ended with ${exitCode ?? "no exit code"}` : said;
  return new DbtFailed(`${command} could not run: ${words}`, {
    hint: "mend what dbt says; its log is logs/dbt.log in the dbt project",
  });
}
