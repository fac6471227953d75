import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../e2e/cli.ts";

const files = {
  "millrace.yml":
    "project: p\nwarehouse: { type: duckdb, path: ./w.duckdb }\ndbt: { project: ./sql }\nstore: ./s.sqlite\naccounts: { exports: { connector: file, path: ./out } }\n",
  "identity.yml":
    "identity:\n  namespaces: { email: { priority: 1 } }\n  sources: { web: { table: web, key: id, identifiers: { email: email } } }\n",
  "syncs/people.yml":
    "sync: people\ntable: main.web\nkey: id\nto: { account: exports, target: csv, path: p.csv }\nmode: mirror\nfields: { email: email }\n",
  "sql/dbt_project.yml": "{name: p, profile: p, config-version: 2}\n",
};

test("a table is planned and asked about before the dbt of a project with identity has ever run", async () => {
  const dir = await mkdtemp(join(tmpdir(), "millrace-table-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  for (const folder of ["syncs", "sql"]) await mkdir(join(dir, folder));
  for (const [path, text] of Object.entries(files)) await writeFile(join(dir, path), text);
  const instance = await DuckDBInstance.create(join(dir, "w.duckdb"));
  const connection = await instance.connect();
  await connection.run("create table web as select 1 as id, 'ann@example.com' as email");
  connection.closeSync();
  instance.closeSync();
  const told = await runCli(["plan", "--project", dir]);
  expect(told.stderr).toBe("");
  expect(told.stdout).toContain("+1 to add");
  const why = await runCli(["why", "people", "1", "--project", dir]);
  expect(why.stderr).toBe("");
  expect(why.stdout).toContain("people · key 1");
});
