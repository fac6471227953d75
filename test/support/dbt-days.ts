import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { findDbt } from "../../src/models/find-dbt.ts";
import { dbtPackageDir } from "../../src/models/package-root.ts";
import { makeProfile } from "../../src/models/profile.ts";
import { environment } from "../models/demo-project.ts";
import type { SegmentProject } from "./segment-project.ts";

/** One build: its instant, statements before it, what of the project it builds (all if left out), and queries after it. */
export interface Day {
  /** UTC, `2026-03-05 06:00:00.000000`. */
  readonly as_of: string;
  readonly before: readonly string[];
  readonly select?: readonly string[];
  /** `run`: without dbt's tests. */
  readonly verb?: "build" | "run";
  readonly after: readonly string[];
}

export interface Answer {
  readonly failed: readonly string[];
  /** Seconds of dbt's process, DuckDB in it. */
  readonly cpu: number;
  /** Those of DuckDB's statements alone, without dbt itself. */
  readonly statements: number;
  readonly rows: readonly (readonly (readonly unknown[])[])[];
}

export interface DbtDays {
  ask(day: Day): Promise<Answer>;
  /** Rows of each query, without a build. */
  query(...queries: readonly string[]): Promise<Answer["rows"]>;
  close(): Promise<void>;
}

export const asOfText = (at: number): string => new Date(at).toISOString().replace("T", " ").replace("Z", "000");

/** Days of a project on DuckDB, or on the Postgres of a URL. */
export async function openDays(project: SegmentProject, postgresUrl?: string): Promise<DbtDays> {
  const warehouse =
    postgresUrl === undefined
      ? ({ type: "duckdb", path: project.database, threads: 2 } as const)
      : ({ type: "postgres", url: postgresUrl, threads: 2 } as const);
  const stateDir = join(project.dir, `.${warehouse.type}`);
  await makeProfile({ profile: "shop", target: "millrace", schema: "analytics", warehouse, stateDir });
  return openDbtDays(project.dir, postgresUrl ?? project.database, join(project.dir, `target-${warehouse.type}`));
}

/** dbt in a process that stays, for builds of one project on a DuckDB file or a Postgres URL. */
export async function openDbtDays(dir: string, database: string, targetDir: string): Promise<DbtDays> {
  const env = environment();
  const program = await findDbt({ projectDir: dir, env });
  const script = join(import.meta.dirname, "dbt-days.py");
  const url = /^postgres(ql)?:/.test(database) ? new URL(database) : null;
  const profiles = join(dir, url === null ? ".duckdb" : ".postgres", "dbt");
  const client = url === null ? null : new pg.Client({ connectionString: database });
  client?.on("error", () => undefined);
  await client?.connect();
  const args = [script, url === null ? database : "", join(dir, "sql"), profiles, "millrace", targetDir];
  const child = spawn(program.python, args, {
    env: {
      ...env,
      MILLRACE_DBT_PACKAGE: dbtPackageDir(),
      MILLRACE_DUCKDB_PATH: database,
      DBT_SEND_ANONYMOUS_USAGE_STATS: "false",
      ...(url !== null && { DBT_ENV_SECRET_MILLRACE_PASSWORD: decodeURIComponent(url.password) }),
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const errors: string[] = [];
  child.stderr.on("data", (data) => void errors.push(String(data)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const send = async (day: Partial<Day>): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(day)}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`dbt's process ended: ${errors.join("").slice(-2000)}`);
    return JSON.parse(value) as Answer;
  };
  const query = async (queries: readonly string[]): Promise<Answer["rows"]> => {
    if (client === null) return (await send({ before: [], after: queries })).rows;
    const rows: unknown[][][] = [];
    for (const text of queries) rows.push((await client.query({ text, rowMode: "array" })).rows as unknown[][]);
    return rows;
  };
  return {
    async ask(day) {
      if (client === null) return send(day);
      for (const statement of day.before) await client.query(statement);
      const answer = await send({ ...day, before: [], after: [] });
      return { ...answer, rows: answer.failed.length > 0 ? [] : await query(day.after) };
    },
    query: (...queries) => query(queries),
    async close() {
      await client?.end();
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
