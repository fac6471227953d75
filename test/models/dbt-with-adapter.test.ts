import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createModelBuilder } from "../../src/commands/model-builder.ts";
import { createOutput } from "../../src/commands/output.ts";
import type { WarehouseConfig } from "../../src/config/project-parts.ts";
import { systemClock } from "../../src/core/clock.ts";
import { DbtFailed } from "../../src/core/errors.ts";
import type { InstallDbtOptions, installDbt } from "../../src/models/install-dbt.ts";
import { packageRoot } from "../../src/models/package-root.ts";
import { environment } from "./demo-project.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "millrace-adapter-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const cloud = {
  snowflake: { type: "snowflake", account: "a", user: "u", warehouse: "w", database: "d", schema: "millrace" },
  bigquery: { type: "bigquery", project: "p", schema: "millrace" },
} as const satisfies Record<string, WarehouseConfig>;
const duckdb: WarehouseConfig = { type: "duckdb", path: "w.duckdb", schema: "millrace" };

/** An environment with dbt and these packages; returns the path of dbt. */
async function makeEnvironment(venv: string, ...packages: readonly string[]): Promise<string> {
  for (const name of ["dbt_core-1.11.99", ...packages]) {
    await mkdir(join(venv, "lib", "python3.12", "site-packages", `${name}.dist-info`), { recursive: true });
  }
  await mkdir(join(venv, "bin"), { recursive: true });
  await writeFile(join(venv, "bin", "dbt"), "");
  return join(venv, "bin", "dbt");
}

/** Opens dbt as every verb does; what was asked of the installer, and what people read meanwhile. */
async function open(
  config: WarehouseConfig,
  over: { dbtPath?: string; install?: typeof installDbt; gone?: true } = {},
) {
  const asked: InstallDbtOptions[] = [];
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const abort = new AbortController();
  const install: typeof installDbt = async (options) => {
    asked.push(options);
    if (over.gone) abort.abort();
    if (over.install) return await over.install(options);
    options.onProgress?.("dbt: making it");
    await makeEnvironment(join(options.root, ".venv"), "dbt_snowflake-1.12.0", "dbt_bigquery-1.12.0");
    return "installed";
  };
  const models = createModelBuilder({
    dbt: { kind: "project", dir },
    warehouseConfig: config,
    stateDir: join(dir, ".millrace"),
    projectDir: dir,
    env: environment,
    dbtPath: over.dbtPath,
    installDbt: install,
    asOf: null,
    warehouse: () => Promise.reject(new Error("no warehouse is needed yet")),
    store: () => Promise.reject(new Error("no store is needed yet")),
    clock: systemClock,
    out: createOutput({ stdout, stderr }, { json: true, noColor: true }),
    signal: abort.signal,
  });
  const failure = await models.dbt?.().then(
    () => null,
    (error: unknown) => error,
  );
  return { asked, failure, said: String(stderr.read() ?? "") };
}

test.each(["snowflake", "bigquery"] as const)("a project on %s gets an environment of its own", async (engine) => {
  const { asked, failure, said } = await open(cloud[engine]);
  expect(failure).toBeNull();
  expect(asked).toMatchObject([{ root: join(dir, ".millrace", "dbt-cloud"), adapters: "cloud" }]);
  expect(said).toBe(
    `dbt: dbt-${engine} is missing; installing it, once for this project (about 600 MB)\ndbt: making it\n`,
  );
});

test("an environment that is current is used without a word", async () => {
  await open(cloud.snowflake);
  const { asked, said, failure } = await open(cloud.snowflake, { install: async () => "current" });
  expect([asked.length, said, failure]).toEqual([1, "", null]);
});

test("nothing is installed for a warehouse whose adapter Millrace comes with", async () => {
  expect(await open(duckdb)).toEqual({ asked: [], failure: null, said: "" });
});

test("dbt of the project's own, or one that was named, is used where it has the adapter", async () => {
  const named = await makeEnvironment(join(dir, "own"), "dbt_bigquery-1.12.0");
  expect(await open(cloud.bigquery, { dbtPath: named })).toEqual({ asked: [], failure: null, said: "" });
  await makeEnvironment(join(dir, ".venv"), "dbt_snowflake-1.12.0");
  expect(await open(cloud.snowflake)).toEqual({ asked: [], failure: null, said: "" });
});

test("and is left as it is where it has not: the command that mends it is named", async () => {
  const hint = `python3 -m pip install -r ${join(packageRoot(), "requirements-cloud.txt")}`;
  const named = await makeEnvironment(join(dir, "own"), "dbt_bigquery-1.12.0");
  const one = await open(cloud.snowflake, { dbtPath: named });
  expect(one).toMatchObject({
    asked: [],
    failure: { code: "DBT_FAILED", message: `${named} lacks dbt-snowflake`, hint },
  });
  const own = await makeEnvironment(join(dir, ".venv"));
  await writeFile(join(dir, ".venv", "bin", "python"), "");
  const other = await open(cloud.bigquery);
  const beside = hint.replace("python3", join(dir, ".venv", "bin", "python"));
  expect(other).toMatchObject({ asked: [], failure: { message: `${own} lacks dbt-bigquery`, hint: beside } });
});

test("without a network the error names the command for later", async () => {
  const install = () => Promise.reject(new DbtFailed("could not install uv: no route", { hint: "is it reachable?" }));
  const { failure } = await open(cloud.snowflake, { install });
  const venv = join(dir, ".venv");
  expect(failure).toMatchObject({
    code: "DBT_FAILED",
    message: "dbt-snowflake is missing and could not be installed: could not install uv: no route",
    hint: `is it reachable? By hand: python3 -m venv ${venv} && ${join(venv, "bin", "pip")} install -r ${join(packageRoot(), "requirements-cloud.txt")}`,
  });
});

test("Ctrl-C during the installation is an interruption, not a fault of dbt", async () => {
  const install = () => Promise.reject(new DbtFailed("could not install dbt: aborted", { hint: "" }));
  const { failure } = await open(cloud.snowflake, { install, gone: true });
  expect(failure).toMatchObject({ code: "INTERRUPTED" });
});
