import { spawn } from "node:child_process";
import { chmodSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { jsonOf, runCli, until } from "./cli.ts";
import { platform } from "./platform.ts";
import { person, persons, tinyProject, toFile, toHook } from "./project.ts";

describe("bad input", { timeout: 90_000 }, () => {
  it("names the table or column that is missing, and ends with 1", async () => {
    const project = tinyProject({
      "syncs/a.yml": toFile("table").replace("main.people", "main.peeple"),
      "syncs/b.yml": toFile("column", { path: "b.csv" }).replace("email: email", "email: mail"),
      "syncs/c.yml": toFile("key", { path: "c.csv" }).replace("key: id", "key: idd"),
    });
    await project.people(...persons(1, 2));
    const { runs } = await jsonOf(["run"], { cwd: project.dir }, 1);
    expect(runs).toMatchObject([
      { sync: "table", exit_code: 1, error: { code: "RELATION_MISSING", message: expect.stringContaining("peeple") } },
      { sync: "column", exit_code: 1, error: { code: "COLUMN_MISSING", message: expect.stringContaining("mail") } },
      { sync: "key", exit_code: 1, error: { code: "COLUMN_MISSING", message: expect.stringContaining("idd") } },
    ]);
  });

  it("waits for another process that has the warehouse, and goes on when it lets go", async () => {
    const project = tinyProject({ "syncs/a.yml": toFile("to-file") });
    await project.people(...persons(1, 3));
    const holder = spawn(process.execPath, ["--input-type=module", "-e", holdFor(6_000), project.warehouse], {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: import.meta.dirname,
    });
    onTestFinished(() => void holder.kill("SIGKILL"));
    await until("the holder", () => holder.stdout.read() !== null);
    const ended = await runCli(["run", "--json"], { cwd: project.dir });
    expect(ended.json().runs[0].counts).toMatchObject({ delivered: 3 });
    expect(ended.stderr).toMatch(new RegExp(`waiting for the warehouse.*PID ${holder.pid}`));
  });

  it("stops at wrong credentials, says so without telling them, and keeps the rows for the next run", async () => {
    const hook = await platform({ hook: { secret: "right" } });
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook", { to: ", rows: 1" }) });
    const yml = project.read("millrace.yml");
    const signedWith = (secret: string) =>
      project.write("millrace.yml", yml.replace("connector: http,", `connector: http, sign: { secret: ${secret} },`));
    signedWith("wr0ng-secret");
    await project.people(...persons(1, 20));
    const at = { cwd: project.dir, env: hook.env };
    const ended = await runCli(["run", "--json"], at);
    expect(ended.code).toBe(1);
    expect(ended.json().runs[0]).toMatchObject({
      status: "failed",
      counts: { planned: 20, delivered: 0, retry: 20 },
      error: { code: "DEST_AUTH_FAILED", hint: expect.any(String) },
    });
    expect(ended.stdout + ended.stderr).not.toContain("wr0ng-secret");
    expect(hook.seen.length).toBeLessThan(20);
    // Nothing was delivered, so what turns out to be wrong about the destination can be mended without a decision.
    signedWith("right");
    project.write("syncs/a.yml", toHook("to-hook", { to: ", rows: 1, path: /people" }));
    expect((await jsonOf(["run"], at)).runs[0].counts).toMatchObject({ delivered: 20 });
  });

  it("gives up on a host that cannot be reached, and keeps the rows for the next run", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook") });
    await project.people(...persons(1, 2));
    const sent = await runCli(["check", "--connect"], { cwd: project.dir, env: { HOOK_URL: "http://127.0.0.1:9" } });
    expect(sent).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/account hook: DEST_UNAVAILABLE: 127\.0\.0\.1/),
    });
    expect((await jsonOf(["run"], { cwd: project.dir, env: hook.env })).runs[0].counts).toMatchObject({ delivered: 2 });
  });

  it("delivers every text as it is: emoji, right to left, quotes, line breaks, NUL and 10 MB", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook", { to: ", max_bytes: 20000000" }) });
    const names = [
      "👩‍🚀🏳️‍🌈",
      "שלום עולם مرحبا",
      "O'Brien",
      'say "hi"\\',
      "two\nlines\r\n\ttab",
      "a\u0000b",
      "'; drop table people; --",
      "\u202Ertl",
    ];
    await project.people(...names.map((name, i) => ({ ...person(i + 1), name })));
    await project.sql("insert into people select 'big', 'big@example.com', repeat('x', 10000000), '1'");
    const { runs } = await jsonOf(["run"], { cwd: project.dir, env: hook.env });
    expect(runs[0].counts).toMatchObject({ planned: 9, delivered: 9 });
    const present = await hook.present();
    expect(names.map((_, i) => (present[`c${i + 1}`] as { name: string }).name)).toEqual(names);
    expect((present.big as { name: string }).name).toHaveLength(10_000_000);
    expect((await jsonOf(["run"], { cwd: project.dir, env: hook.env })).runs[0].counts).toMatchObject({ planned: 0 });
  });

  it("refuses a value that is larger than a request may be, and delivers its neighbours", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook") });
    await project.people(...persons(1, 3));
    await project.sql("insert into people select 'big', 'big@example.com', repeat('x', 10000000), '1'");
    const { runs } = await jsonOf(["run"], { cwd: project.dir, env: hook.env }, 3);
    expect(runs[0].counts).toMatchObject({ planned: 4, delivered: 3, rejected: 1 });
    const { rejects } = await jsonOf(["rejects"], { cwd: project.dir, env: hook.env });
    expect(rejects).toMatchObject([{ key: "big", code: expect.any(String) }]);
    expect(JSON.stringify(rejects).length).toBeLessThan(2_000);
  });

  it("says that an export folder cannot be written, and loses nothing", async ({ skip }) => {
    skip(process.getuid?.() === 0, "root may write everywhere");
    const project = tinyProject({ "syncs/a.yml": toFile("to-file"), "out/keep": "" });
    await project.people(...persons(1, 3));
    chmodSync(join(project.dir, "out"), 0o500);
    const { runs } = await jsonOf(["run"], { cwd: project.dir }, 1);
    expect(runs[0].error.message).toContain("out");
    chmodSync(join(project.dir, "out"), 0o700);
    expect((await runCli(["run"], { cwd: project.dir })).code).toBe(0);
    expect(project.read("out/people.csv")).toContain("person3@example.com");
  });

  it("says that an export folder is none, and delivers when it is mended", async () => {
    const project = tinyProject({ "syncs/a.yml": toFile("to-file"), out: "a file where the folder should be" });
    await project.people(...persons(1, 3));
    const { runs } = await jsonOf(["run"], { cwd: project.dir }, 1);
    expect(runs[0].error).toMatchObject({ message: expect.stringContaining("out"), hint: expect.any(String) });
    project.write("millrace.yml", project.read("millrace.yml").replace("path: ./out", "path: ./out2"));
    const { runs: moved } = await jsonOf(["run", "to-file", "--rebuild"], { cwd: project.dir });
    expect(moved[0].counts).toMatchObject({ delivered: 3 });
  });

  it("refuses a store that was cut off in the middle, or that is none, and names the mend", async () => {
    const project = tinyProject({ "syncs/a.yml": toFile("to-file") });
    await project.people(...persons(1, 3));
    const at = { cwd: project.dir };
    await jsonOf(["run"], at);
    const whole = readFileSync(project.store);
    truncateSync(project.store, whole.length - 2_000);
    const cut = await jsonOf(["run"], at, 1);
    expect(JSON.stringify(cut)).toMatch(/STORE_FAILED/);
    writeFileSync(project.store, "this is no database, it is a letter to the editor. ".repeat(100));
    const alien = await runCli(["status"], at);
    expect(alien).toMatchObject({ code: 1, stderr: expect.stringMatching(/STORE_FAILED: .*store\.sqlite/) });
    writeFileSync(project.store, whole);
    expect((await runCli(["run"], at)).code).toBe(0);
  });

  it("refuses a store that was lost, and goes on from the ledger when told to", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook") });
    await project.people(...persons(1, 3));
    const at = { cwd: project.dir, env: hook.env };
    await jsonOf(["run"], at);
    project.write("millrace.yml", project.read("millrace.yml").replace("store.sqlite", "new.sqlite"));
    const lost = await runCli(["run"], at);
    expect(lost.code).toBe(1);
    expect(lost.stdout).toMatch(/STATE_DIVERGED[\s\S]*--adopt/);
    expect((await jsonOf(["run", "to-hook", "--adopt"], at)).runs[0].counts).toMatchObject({
      planned: 0,
      unchanged: 3,
    });
    expect(hook.seen).toHaveLength(1);
  });

  it("refuses a warehouse file that is none", async () => {
    const project = tinyProject({
      "syncs/a.yml": toFile("to-file"),
      "warehouse.duckdb": "not a database ".repeat(2_000),
    });
    const ended = await runCli(["run"], { cwd: project.dir });
    expect(ended.code).toBe(1);
    expect(ended.stdout + ended.stderr).toMatch(/WAREHOUSE_FAILED[\s\S]*no DuckDB database or is damaged/);
  });
});

const holdFor = (ms: number): string => `
  import { DuckDBInstance } from "@duckdb/node-api";
  const instance = await DuckDBInstance.create(process.argv[1]);
  process.stdout.write("held");
  setTimeout(() => instance.closeSync(), ${ms});
`;
