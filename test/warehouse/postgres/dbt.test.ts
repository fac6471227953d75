import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { makeProject } from "../../../src/commands/demo.ts";
import { run } from "../../../src/commands/run.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { expectNewProjectToWork } from "../../contract/new-project.ts";
import { jsonOf, root, runCli } from "../../e2e/cli.ts";
import { tinyProject } from "../../e2e/project.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";
import { verbInProcess } from "../../support/verb-in-process.ts";

const dbt = process.env.MILLRACE_DBT ?? join(root, ".venv/bin/dbt");

describe("dbt projects on Postgres", { timeout: 600_000 }, () => {
  let server: Database;
  beforeAll(async () => {
    server = await freshDatabase();
  });
  afterAll(() => server.remove());

  it("a new one needs nothing but its URL: init, check --connect with dbt debug, build, plan, run, grants", async () => {
    const own = await server.another();
    const at = await expectNewProjectToWork({
      parent: tinyProject({}).dir,
      warehouse: "postgres",
      values: { WAREHOUSE_URL: own.url },
      env: { MILLRACE_DBT: dbt },
    });
    const refused = await runCli(["check", "--connect", "--json"], {
      ...at,
      env: { ...at.env, WAREHOUSE_URL: own.url.replace(/\/[^/]*$/, "/nowhere") },
    });
    expect(refused.code).toBe(1);
    expect(refused.json().connections.map(({ ok }: { ok: boolean }) => ok)).toEqual([false, false, true]);
    expect((await jsonOf(["grants", "--role", "millrace"], at)).statements).toContain(
      'grant select on "analytics"."vips" to "millrace"',
    );
    await own.remove();
  });

  it("the demo's, by changing `warehouse:` alone: real orders of two days, to the sandbox", async () => {
    const own = await server.another();
    const dir = join(tinyProject({}).dir, "demo");
    const sandbox = await startSandbox({
      port: 0,
      host: "127.0.0.1",
      dataDir: join(dir, "..", "sandbox"),
      clock: systemClock,
      config: { klaviyo: { rate_factor: 100 } },
    });
    onTestFinished(() => sandbox.close());
    await makeProject(dir, Number(new URL(sandbox.url).port));
    const file = join(dir, "millrace.yml");
    const duckDb = readFileSync(file, "utf8");
    const postgres = duckDb.replace(
      /^warehouse:\n( {2}.*\n)+/m,
      `warehouse:\n  type: postgres\n  url: ${own.url}\n  schema: millrace\n`,
    );
    expect(postgres).not.toBe(duckDb);
    writeFileSync(file, postgres);
    process.env.MILLRACE_DBT ??= dbt;
    const day = (asOf: string) => verbInProcess(dir, run([], { build: true }), undefined, { asOf });

    const first = await day("2010-09-01");
    expect(first.exit, first.stdout + first.stderr).toBe(3);
    const later = await day("2010-12-01");
    const counts = (ran: typeof first) =>
      Object.fromEntries(
        ran.json.runs.map((told: { sync: string; status: string; counts: Record<string, number> }) => [
          told.sync,
          [told.status, told.counts.added, told.counts.updated, told.counts.removed],
        ]),
      );
    expect(counts(first)).toEqual({
      "lapsing-to-file": ["done", 208, 0, 0],
      "lapsing-to-newsletter": ["done", 208, 0, 0],
      "vips-to-salesforce": ["done", 405, 0, 0],
    });
    // Three months later people have come and gone, and a guard may hold what it must.
    for (const [sync, [status, ...changes]] of Object.entries<(string | number)[]>(counts(later))) {
      expect(status, sync).toMatch(/^(done|held)$/);
      expect(Math.max(...changes.map(Number)), sync).toBeGreaterThan(0);
    }
    await own.remove();
  });
});
