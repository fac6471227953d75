import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findDbt } from "../../src/models/find-dbt.ts";
import { dbtPackageDir } from "../../src/models/package-root.ts";
import { environment } from "../models/demo-project.ts";

export interface Answer {
  readonly failed: readonly string[];
  /** Seconds of dbt's process, DuckDB in it. */
  readonly cpu: number;
  readonly rows: readonly (readonly (readonly unknown[])[])[];
}

/** dbt in a process that stays, for builds of one project on DuckDB. */
export async function openDbtDays(dir: string, database: string, targetDir: string) {
  const env = environment();
  const program = await findDbt({ projectDir: dir, env });
  const script = join(import.meta.dirname, "dbt-days.py");
  const args = [script, database, join(dir, "sql"), join(dir, ".duckdb", "dbt"), "millrace", targetDir];
  const child = spawn(program.python, args, {
    env: {
      ...env,
      MILLRACE_DBT_PACKAGE: dbtPackageDir(),
      MILLRACE_DUCKDB_PATH: database,
      DBT_SEND_ANONYMOUS_USAGE_STATS: "false",
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const errors: string[] = [];
  child.stderr.on("data", (data) => void errors.push(String(data)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(day: object): Promise<Answer> {
      child.stdin.write(`${JSON.stringify(day)}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`dbt's process ended: ${errors.join("").slice(-2000)}`);
      return JSON.parse(value) as Answer;
    },
    async close(): Promise<void> {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
