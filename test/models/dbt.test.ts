import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, describe, expect, test } from "vitest";
import { DbtFailed, Interrupted, WarehouseBusy } from "../../src/core/errors.ts";
import { readManifest, readRunResults } from "../../src/models/artifacts.ts";
import { blockedBy } from "../../src/models/blocked.ts";
import type { DbtEvent } from "../../src/models/dbt-event.ts";
import { ENDLESS, makeSmallProject, type SmallProject } from "./small-project.ts";

const AS_OF = new Date("2024-01-01T00:00:00Z");

describe("dbt, for real", { timeout: 120_000 }, () => {
  let project: SmallProject | undefined;
  afterEach(async () => {
    await project?.remove();
    project = undefined;
  });

  test("a failed model or test blocks what is made from it, and only that, in dbt's own words", async () => {
    project = await makeSmallProject({
      "models/sound.sql": "select 1 as id",
      "models/broken.sql": "select nope from {{ ref('sound') }}",
      "models/after_broken.sql": "select * from {{ ref('broken') }}",
      "models/untrue.sql": "select null as id union all select null",
      "models/after_untrue.sql": "select * from {{ ref('untrue') }}",
      "models/doubtful.sql": "select 1 as id union all select 1",
      "models/models.yml": `
models:
  - { name: untrue, columns: [{ name: id, data_tests: [not_null] }] }
  - { name: doubtful, columns: [{ name: id, data_tests: [{ unique: { config: { severity: warn } } }] }] }
`,
    });
    const events: DbtEvent[] = [];
    const outcome = await project.dbt.build({ asOf: AS_OF, onEvent: (event) => events.push(event) });

    expect(outcome.ok).toBe(false);
    expect(outcome.failed.map((node) => node.uniqueId.split(".")[2]).sort()).toEqual(["broken", "not_null_untrue_id"]);
    const manifest = await readManifest(outcome.targetDir);
    const results = await readRunResults(outcome.targetDir);
    const blocked = (name: string) => blockedBy(manifest, results, name);
    expect(blocked("sound")).toBeNull();
    expect(blocked("doubtful")).toBeNull();
    const broken = {
      name: "broken",
      status: "error",
      file: "models/broken.sql",
      message: expect.stringContaining("nope"),
    };
    expect(blocked("broken")).toMatchObject(broken);
    expect(blocked("after_broken")).toMatchObject(broken);
    const untrue = { name: "not_null_untrue_id", status: "fail", file: "models/models.yml" };
    expect(blocked("untrue")).toMatchObject({ ...untrue, message: "Got 2 results, configured to fail if != 0" });
    expect(blocked("after_untrue")).toMatchObject(untrue);

    const problems = events.filter((event) => event.kind === "problem");
    expect(problems).toContainEqual(
      expect.objectContaining({
        level: "error",
        node: "broken",
        file: "models/broken.sql",
        message: expect.stringContaining("nope"),
      }),
    );
    expect(problems).toContainEqual(
      expect.objectContaining({ level: "warn", node: "unique_doubtful_id", file: "models/models.yml" }),
    );
    expect(events).toContainEqual(expect.objectContaining({ kind: "node", name: "after_broken", status: "skipped" }));
    expect(JSON.stringify(events)).not.toContain("\\u001b");
  });

  test("a project that dbt cannot read is an error with dbt's own words", async () => {
    project = await makeSmallProject({ "models/astray.sql": "select * from {{ ref('nowhere') }}" });
    const failure = await project.dbt.build({ asOf: AS_OF }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DbtFailed);
    expect(failure).toHaveProperty("message", expect.stringContaining("nowhere"));
  });

  test("a warehouse that another process has open is busy, and its holder named", async () => {
    project = await makeSmallProject({ "models/sound.sql": "select 1 as id" });
    const { dbt, database } = project;
    const instance = await DuckDBInstance.create(database);
    const connection = await instance.connect();
    try {
      for (const attempt of [() => dbt.build({ asOf: AS_OF }), () => dbt.debug()]) {
        const failure = await attempt().catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(WarehouseBusy);
        expect(failure).toHaveProperty("message", expect.stringContaining(`process ${process.pid}`));
      }
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
    await expect(dbt.debug()).resolves.toBeUndefined();
  });

  test("an abort ends dbt in the middle of a query", async () => {
    project = await makeSmallProject({ "models/endless.sql": ENDLESS });
    const controller = new AbortController();
    const { signal } = controller;
    const onEvent = (event: DbtEvent) => event.kind === "start" && controller.abort();
    await expect(project.dbt.build({ asOf: AS_OF, signal, onEvent })).rejects.toThrow(Interrupted);
    expect(processesNaming(project.root)).toEqual([]);
  });

  test("dbt dies with a parent that is killed outright", async () => {
    project = await makeSmallProject({ "models/endless.sql": ENDLESS });
    const script = fileURLToPath(new URL("build-forever.ts", import.meta.url));
    const parent = spawn(process.execPath, [script, project.root], { stdio: ["ignore", "pipe", "inherit"] });
    await once(parent.stdout, "data");
    expect(processesNaming(project.root).filter((command) => command.includes("dbt"))).not.toEqual([]);

    parent.kill("SIGKILL");
    await once(parent, "exit");
    // Other processes end when they end; there is no clock to inject into them.
    for (let i = 0; i < 100 && processesNaming(project.root).length > 0; i++) await pause(100);
    expect(processesNaming(project.root)).toEqual([]);
  });

  test("what an earlier build left is not taken for this one's", async () => {
    project = await makeSmallProject({ "models/sound.sql": "select 1 as id" });
    await project.dbt.build({ asOf: AS_OF });
    await writeFile(join(project.root, "models", "astray.sql"), "select * from {{ ref('nowhere') }}");
    await expect(project.dbt.build({ asOf: AS_OF })).rejects.toThrow(DbtFailed);
    await expect(readRunResults(project.dbt.targetDir)).rejects.toThrow(/run_results\.json cannot be read/);
  });
});

/** Command lines of the processes that name this folder. */
function processesNaming(folder: string): string[] {
  const lines = execFileSync("ps", ["-A", "-o", "command="], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(folder));
}
