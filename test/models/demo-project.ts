import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { createDbt, type Dbt } from "../../src/models/dbt.ts";
import { findDbt } from "../../src/models/find-dbt.ts";
import { installDbt } from "../../src/models/install-dbt.ts";
import { packageRoot } from "../../src/models/package-root.ts";

const NOT_COPIED = new Set(["target", "logs", "dbt_packages", "package-lock.yml"]);

/** The test's own environment, without holes. */
export function environment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  return env;
}

export interface DemoProject {
  readonly root: string;
  readonly projectDir: string;
  readonly database: string;
  readonly dbt: Dbt;
  /** Rows of the warehouse as arrays of JSON-like cells. */
  rows(sql: string): Promise<unknown[][]>;
  remove(): Promise<void>;
}

/** A copy of the demo's dbt project in a temporary folder, with the dbt that set-up installs. */
export async function makeDemoProject(): Promise<DemoProject> {
  const env = environment();
  await installDbt({ root: packageRoot(), env });
  const root = await mkdtemp(join(tmpdir(), "millrace-demo-"));
  const projectDir = join(root, "sql");
  await cp(join(packageRoot(), "sql", "demo"), projectDir, {
    recursive: true,
    filter: (source) => !NOT_COPIED.has(basename(source)),
  });
  const database = join(root, "warehouse.duckdb");
  const program = await findDbt({ projectDir: root, env });
  const warehouse = { type: "duckdb", path: database, threads: 2 } as const;
  const dbt = createDbt({ program, projectDir, warehouse, stateDir: join(root, ".millrace"), env });
  return {
    root,
    projectDir,
    database,
    dbt,
    async rows(sql) {
      const instance = await DuckDBInstance.create(database, { access_mode: "READ_ONLY" });
      const connection = await instance.connect();
      const reader = await connection.runAndReadAll(sql);
      const rows = reader.getRowsJson();
      connection.closeSync();
      instance.closeSync();
      return rows;
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
