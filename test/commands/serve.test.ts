import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { initProject } from "../../src/commands/init-project.ts";
import { systemClock } from "../../src/core/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { jsonOf, type Loose, runCli, type Started, startCli, until } from "../e2e/cli.ts";
import { platform } from "../e2e/platform.ts";
import { persons, tinyProject, toFile, toHook } from "../e2e/project.ts";

const hourMs = 3_600_000;

/** Due once a day, twelve hours from now, so that nothing becomes due by itself while a test runs. */
const farAway = (): string => `0 ${(systemClock.now().getUTCHours() + 12) % 24} * * *`;

const events = (server: Started): Loose[] =>
  server
    .stdout()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Loose);

const seenEvent = (server: Started, wanted: (event: Loose) => boolean): Promise<Loose> =>
  until("an event of serve", () => events(server).find(wanted));

const ranWith = (sync: string, status: string) => (event: Loose) =>
  event.event === "run" && event.run.sync === sync && event.run.status === status;

/** As if a server had run the syncs' ticks so long ago. */
async function lastTicks(path: string, ago: Readonly<Record<string, number>>): Promise<void> {
  const store = await openSqliteStore({ path, clock: systemClock });
  for (const [sync, ms] of Object.entries(ago)) {
    await store.saveTick(sync, new Date(systemClock.now().getTime() - ms));
  }
  await store.close();
}

async function serverAt(path: string) {
  const store = await openSqliteStore({ path, clock: systemClock });
  const holder = await store.holder("serve");
  await store.close();
  return holder;
}

describe("serve", { timeout: 90_000 }, () => {
  it("runs syncs when they are due, again and again, and ends with 0 on SIGTERM", async () => {
    const hook = await platform();
    const project = tinyProject({
      "syncs/a.yml": toHook("often", { more: "schedule: { every: 1s }" }),
      "syncs/b.yml": toFile("seldom", { more: `schedule: { cron: "${farAway()}", timezone: Europe/London }` }),
    });
    await project.people(...persons(1, 5));
    const server = startCli(["serve", "--json"], { cwd: project.dir, env: hook.env });
    const started = await seenEvent(server, (event) => event.event === "started");
    expect(started.syncs).toMatchObject([
      { sync: "often", schedule: "every 1s", next_at: expect.stringMatching(/Z$/) },
      { sync: "seldom", schedule: `cron ${farAway()} Europe/London`, next_at: expect.stringMatching(/Z$/) },
    ]);
    await seenEvent(server, ranWith("often", "done"));
    await until("a second run", () => events(server).filter(ranWith("often", "done")).length > 1);
    server.kill("SIGTERM");
    const ended = await server.ended;
    expect(ended.code).toBe(0);
    expect(events(server).at(-1)).toMatchObject({ event: "stopped", to_resume: [] });
    expect(Object.keys(await hook.present())).toHaveLength(5);
    expect(ended.stdout + ended.stderr).not.toContain("@example.com");
    const { runs } = await jsonOf(["runs"], { cwd: project.dir, env: hook.env });
    expect(new Set(runs.map((run: Loose) => run.trigger))).toEqual(new Set(["cron"]));
    const recorded = await project.query("select distinct trigger from millrace.runs where planned > 0");
    expect(recorded).toEqual([{ trigger: "cron" }]);
  });

  it("ends with 130 on Ctrl-C, and says in plain lines what happened", async () => {
    const project = tinyProject({ "syncs/b.yml": toFile("to-file", { more: "schedule: { every: 1s }" }) });
    await project.people(...persons(1, 3));
    const server = startCli(["serve"], { cwd: project.dir });
    await until("a run", () => server.stdout().includes("to-file: done: 3 delivered"));
    server.kill("SIGINT");
    const ended = await server.ended;
    expect(ended.code).toBe(130);
    expect(ended.stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z {2}tiny: serving 1 schedules/);
    expect(ended.stdout).toMatch(/Z {2}stopping \(SIGINT\)\n.*Z {2}stopped; /);
    expect(ended.stdout).not.toContain("\u001b");
  });

  it("stops a delivery within 10 s of SIGTERM with everything recorded, and the next start finishes it", async () => {
    const hook = await platform();
    await hook.misbehave({ kind: "slow", ms: 60_000, skip: 1 });
    const project = tinyProject({
      "syncs/a.yml": toHook("slow", { to: ", rows: 2", more: `schedule: { cron: "${farAway()}" }` }),
    });
    await project.people(...persons(1, 10));
    await lastTicks(project.store, { slow: 24 * hourMs });
    const first = startCli(["serve", "--json"], { cwd: project.dir, env: hook.env });
    await until("a request that is not answered", () => hook.seen.length > 1);
    const askedAt = systemClock.now().getTime();
    first.kill("SIGTERM");
    const ended = await first.ended;
    expect(systemClock.now().getTime() - askedAt).toBeLessThan(10_000);
    expect(ended.code).toBe(0);
    expect(events(first).at(-1)).toMatchObject({ event: "stopped", to_resume: ["slow"] });

    await hook.behave();
    const second = startCli(["serve", "--json"], { cwd: project.dir, env: hook.env });
    const { run } = await seenEvent(second, ranWith("slow", "done"));
    expect(run.counts).toMatchObject({ planned: 10, delivered: 10, retry: 0, unknown: 0 });
    second.kill("SIGTERM");
    expect((await second.ended).code).toBe(0);
    expect(Object.keys(await hook.present())).toHaveLength(10);
    const { runs } = await jsonOf(["runs"], { cwd: project.dir, env: hook.env });
    expect(runs.filter((one: Loose) => one.planned > 0)).toHaveLength(1);
  });

  it("resumes after kill -9, without waiting for the dead server's lease", async () => {
    const hook = await platform();
    await hook.misbehave({ kind: "slow", ms: 60_000, skip: 2 });
    const project = tinyProject({
      "syncs/a.yml": toHook("killed", { to: ", rows: 2", more: `schedule: { cron: "${farAway()}" }` }),
    });
    await project.people(...persons(1, 10));
    await lastTicks(project.store, { killed: 24 * hourMs });
    const first = startCli(["serve", "--json"], { cwd: project.dir, env: hook.env });
    await until("a request that is not answered", () => hook.seen.length > 2);
    first.kill("SIGKILL");
    await first.ended;
    await hook.behave();
    const second = startCli(["serve", "--json"], { cwd: project.dir, env: hook.env });
    await seenEvent(second, ranWith("killed", "done"));
    expect(events(second).map((event) => event.event)).not.toContain("waiting");
    second.kill("SIGTERM");
    await second.ended;
    expect(Object.keys(await hook.present())).toHaveLength(10);
    expect(Math.max(...Object.values((await hook.events()).add ?? {}))).toBe(1);
  });

  it("catches missed ticks up once, or skips them, as each schedule says", async () => {
    const project = tinyProject({
      "syncs/a.yml": toFile("catches-up", {
        path: "a.csv",
        more: `schedule: { cron: "${farAway()}", catch_up: once }`,
      }),
      "syncs/b.yml": toFile("skips", { path: "b.csv", more: `schedule: { cron: "${farAway()}", catch_up: skip }` }),
    });
    await project.people(...persons(1, 3));
    await lastTicks(project.store, { "catches-up": 72 * hourMs, skips: 72 * hourMs });
    const server = startCli(["serve", "--json"], { cwd: project.dir });
    await seenEvent(server, ranWith("catches-up", "done"));
    server.kill("SIGTERM");
    await server.ended;
    expect(events(server).filter((event) => event.event === "due")).toMatchObject([{ syncs: ["catches-up"] }]);

    const again = startCli(["serve", "--json"], { cwd: project.dir });
    await seenEvent(again, (event) => event.event === "started");
    again.kill("SIGTERM");
    await again.ended;
    expect(events(again).filter((event) => event.event === "due")).toEqual([]);
  });

  it("goes on when one sync fails or is held", async () => {
    const project = tinyProject({
      "syncs/a.yml": toFile("broken", { path: "a.csv", more: "schedule: { every: 1s }" }).replace(
        "main.people",
        "main.gone",
      ),
      "syncs/b.yml": toFile("held", { path: "b.csv", more: "schedule: { every: 1s }" }),
      "syncs/c.yml": toHook("unset", { more: "schedule: { every: 1s }" }),
    });
    await project.people(...persons(1, 10));
    expect((await runCli(["run", "held"], { cwd: project.dir })).code).toBe(0);
    await project.people(...persons(1, 2));
    const server = startCli(["serve", "--json"], { cwd: project.dir });
    const held = await seenEvent(server, ranWith("held", "held"));
    expect(held.run.approve).toBe(`millrace run --approve ${held.run.run_id}`);
    const broken = await seenEvent(server, ranWith("broken", "failed"));
    expect(broken.run.error).toMatchObject({ code: "RELATION_MISSING", message: expect.stringContaining("gone") });
    const unset = await seenEvent(server, ranWith("unset", "failed"));
    expect(unset.run.error).toMatchObject({ code: "ENV_MISSING", message: expect.stringContaining("HOOK_URL") });
    await until("a second round", () => events(server).filter(ranWith("broken", "failed")).length > 1);
    server.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
  });

  it("leaves the schedules to the server that has them, and names it", async () => {
    const project = tinyProject({ "syncs/a.yml": toFile("to-file", { more: `schedule: { cron: "${farAway()}" }` }) });
    await project.people(...persons(1, 3));
    const first = startCli(["serve", "--json"], { cwd: project.dir });
    await seenEvent(first, (event) => event.event === "started");
    const second = startCli(["serve", "--json"], { cwd: project.dir });
    const refused = await second.ended;
    expect(refused.code).toBe(1);
    expect(events(second).at(-1)).toMatchObject({
      error: { code: "LEASE_HELD", message: expect.stringContaining(`pid ${first.pid}`) },
      exit_code: 1,
    });
    expect(await serverAt(project.store)).toMatchObject({ owner: expect.stringContaining(`pid ${first.pid}`) });
    first.kill("SIGTERM");
    await first.ended;
    expect(await serverAt(project.store)).toBeNull();
  });

  it("says so, and ends with 2, when nothing would ever be due", async () => {
    const none = tinyProject({ "syncs/a.yml": toFile("to-file") });
    const ended = await runCli(["serve"], { cwd: none.dir });
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("no sync has a schedule") });
  });

  it("builds once for all that is due together, and for those that follow builds", async () => {
    const project = tinyProject({});
    const dir = join(project.dir, "shop");
    initProject(dir, { warehouse: "duckdb" });
    const vips = readFileSync(join(dir, "syncs/vips-to-file.yml"), "utf8");
    const variant = (name: string, schedule: string): string =>
      vips
        .replace("vips-to-file", name)
        .replace("vips.csv", `${name}.csv`)
        .replace(/^schedule:.*$/m, `schedule: ${schedule}`);
    project.write("shop/syncs/vips-to-file.yml", variant("vips-to-file", `{ cron: "${farAway()}" }`));
    project.write("shop/syncs/second.yml", variant("second", `{ cron: "${farAway()}" }`));
    project.write("shop/syncs/follower.yml", variant("follower", "{ after: build }"));
    await lastTicks(join(dir, ".millrace/store.sqlite"), { "vips-to-file": 24 * hourMs, second: 24 * hourMs });
    const env = { MILLRACE_DBT: process.env.MILLRACE_DBT ?? join(import.meta.dirname, "../../.venv/bin/dbt") };
    const server = startCli(["serve", "--json"], { cwd: dir, env });
    for (const sync of ["vips-to-file", "second", "follower"]) await seenEvent(server, ranWith(sync, "done"));
    server.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
    expect(events(server).filter((event) => event.event === "built")).toMatchObject([{ failed: 0 }]);
    expect(readFileSync(join(dir, "exports/follower.csv"), "utf8")).toContain("ann@example.com");
  });
});
