import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { jsonOf, root, runCli } from "./cli.ts";
import { tinyProject } from "./project.ts";

describe("a new project", { timeout: 90_000 }, () => {
  it("is made by init, builds with dbt, delivers, and stops only what a broken model is for", async () => {
    const project = tinyProject({});
    const at = { cwd: project.dir, env: { MILLRACE_DBT: process.env.MILLRACE_DBT ?? join(root, ".venv/bin/dbt") } };
    const made = await jsonOf(["init", "shop"], at);
    expect(made.files).toContain("millrace.yml");
    expect(await runCli(["init", "shop"], at)).toMatchObject({ code: 2, stderr: expect.stringContaining("not empty") });

    const shop = { ...at, cwd: join(project.dir, "shop") };
    expect(await jsonOf(["check"], shop)).toMatchObject({ errors: 0, warnings: 0 });
    const run = await runCli(["run", "--json"], shop);
    expect(run.code).toBe(0);
    expect(run.json().runs).toMatchObject([{ sync: "vips-to-file", status: "done", counts: { delivered: 2 } }]);
    expect(run.stdout + run.stderr).not.toContain("\u001b");
    expect(readFileSync(join(shop.cwd, "exports/vips.csv"), "utf8")).toContain("ann@example.com");

    project.write("shop/sql/models/broken.sql", "select * from {{ ref('customers') }} where no_such_column");
    const broken = readFileSync(join(shop.cwd, "syncs/vips-to-file.yml"), "utf8");
    const other = broken.replace("vips-to-file", "broken-to-file").replace("segment: vips", "model: broken");
    project.write("shop/syncs/broken.yml", other.replace("vips.csv", "broken.csv"));
    const mixed = await jsonOf(["run"], shop, 1);
    expect(mixed.runs).toMatchObject([
      {
        sync: "broken-to-file",
        exit_code: 1,
        error: { code: "MODEL_FAILED", message: expect.stringContaining("broken.sql") },
      },
      { sync: "vips-to-file", exit_code: 0 },
    ]);
    expect(existsSync(join(shop.cwd, "exports/broken.csv"))).toBe(false);
    const unbuilt = await jsonOf(["run", "broken-to-file", "--no-build"], shop, 1);
    expect(unbuilt.runs[0].error).toMatchObject({ message: expect.stringContaining("broken") });
    expect(await jsonOf(["build", "vips-to-file"], shop)).toMatchObject({ failed: 0, blocked: {}, exit_code: 0 });
    const none = { cwd: shop.cwd, env: { MILLRACE_DBT: join(project.dir, "no-dbt-here") } };
    expect(await runCli(["build"], none)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/DBT_[A-Z]+: .*dbt/),
    });
  });
});
