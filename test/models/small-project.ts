import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createDbt, type Dbt } from "../../src/models/dbt.ts";
import { findDbt } from "../../src/models/find-dbt.ts";
import { installDbt } from "../../src/models/install-dbt.ts";
import { packageRoot } from "../../src/models/package-root.ts";
import { environment } from "./demo-project.ts";

export interface SmallProject {
  readonly root: string;
  readonly database: string;
  readonly dbt: Dbt;
  remove(): Promise<void>;
}

/** A dbt project of the given files (path → text) and no packages, on DuckDB. */
export async function makeSmallProject(files: Readonly<Record<string, string>>): Promise<SmallProject> {
  const root = await mkdtemp(join(tmpdir(), "millrace-dbt-"));
  const all = { "dbt_project.yml": "{name: small, profile: small, config-version: 2}\n", ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return {
    root,
    database: join(root, "w.duckdb"),
    dbt: await dbtOf(root),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

export async function dbtOf(root: string): Promise<Dbt> {
  const env = environment();
  await installDbt({ root: packageRoot(), env });
  const program = await findDbt({ projectDir: root, env });
  const warehouse = { type: "duckdb", path: join(root, "w.duckdb"), threads: 1 } as const;
  return createDbt({ program, projectDir: root, warehouse, stateDir: join(root, ".millrace"), env });
}

/** A query of hours, which DuckDB breaks off when it is told to. */
export const ENDLESS =
  "select count(*) as n from range(10000000) as a (i), range(10000000) as b (j) where a.i + b.j = -1\n";
