import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { jsonOf, type Loose, runCli, startCli, until } from "./cli.ts";
import { platform } from "./platform.ts";
import { person, persons, tinyProject, toFile, toHook } from "./project.ts";

describe("what waits for a person", { timeout: 90_000 }, () => {
  it("holds a plan that removes too much, and delivers exactly that plan when it is approved", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("guarded") });
    await project.people(...persons(1, 10));
    const at = { cwd: project.dir, env: hook.env };
    await jsonOf(["run"], at);
    await project.people(...persons(1, 4));

    const shown = await jsonOf(["plan"], at, 4);
    expect(shown.plans[0]).toMatchObject({ status: "held", counts: { removed: 6 } });
    const text = await runCli(["run"], at);
    expect(text.code).toBe(4);
    expect(text.stdout).toMatch(/held: .*6/);
    const id = /millrace run --approve (\S+)/.exec(text.stdout)?.[1] ?? "";
    expect(Object.keys(await hook.present())).toHaveLength(10);
    const waiting = await jsonOf(["status"], at);
    expect(waiting.syncs[0]).toMatchObject({ state: "held", waiting_for: [expect.stringContaining(id)] });
    const recorded = await project.query(`select status from millrace.runs where run_id = '${id}'`);
    expect(recorded).toEqual([{ status: "held" }]);

    const superseded = await jsonOf(["run", "--approve", shown.plans[0].plan_id], at, 1);
    expect(JSON.stringify(superseded)).toContain("PLAN_SUPERSEDED");

    // The model moves on; the plan that was looked at does not.
    await project.people(...persons(1, 2));
    const approved = await jsonOf(["run", "--approve", id], at);
    expect(approved.runs[0]).toMatchObject({ run_id: id, status: "done", counts: { removed: 6, delivered: 6 } });
    expect(Object.keys(await hook.present()).sort()).toEqual(["c1", "c2", "c3", "c4"]);

    const again = await runCli(["run", "--approve", id], at);
    expect(again.code).toBe(1);
    expect(again.stdout + again.stderr).toContain("PLAN_SUPERSEDED");
    const unknown = await runCli(["run", "--approve", "20260101-000000-abcdef"], at);
    expect(unknown.code).toBe(1);
    expect(unknown.stdout + unknown.stderr).toContain("20260101-000000-abcdef");
  });

  it("lets a held plan expire", async () => {
    const project = tinyProject({ "syncs/a.yml": toFile("expiring") });
    project.write("millrace.yml", `${project.read("millrace.yml")}settings: { plan_expiry: 1s }\n`);
    await project.people(...persons(1, 10));
    const at = { cwd: project.dir };
    await jsonOf(["run"], at);
    await project.people(person(1));
    const { runs } = await jsonOf(["run"], at, 4);
    await systemClock.sleep(1_100);
    const late = await jsonOf(["run", "--approve", runs[0].run_id], at, 1);
    expect(JSON.stringify(late)).toContain("has expired");
    expect((await jsonOf(["runs", "--limit", "1"], at)).runs[0].status).toBe("expired");
  });

  it("approves what plan showed, although nothing held it", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("shown") });
    await project.people(...persons(1, 2));
    const at = { cwd: project.dir, env: hook.env };
    const { plans } = await jsonOf(["plan"], at);
    await project.people(...persons(1, 9));
    await jsonOf(["run", "--approve", plans[0].plan_id], at);
    expect(Object.keys(await hook.present())).toEqual(["c1", "c2"]);
  });

  it("holds a changed mapping and a changed destination until somebody decides", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("moving") });
    await project.people(...persons(1, 4));
    const at = { cwd: project.dir, env: hook.env };
    await jsonOf(["run"], at);
    project.write("syncs/a.yml", toHook("moving", { more: "  extra: { value: new }\n" }));
    const mapped = await runCli(["run"], at);
    expect(mapped.code).toBe(4);
    expect(mapped.stdout).toMatch(/every row will be re-sent|field added/);
    project.write("syncs/a.yml", toHook("moving", { to: ", path: /elsewhere" }));
    const moved = await runCli(["run"], at);
    expect(moved.code).toBe(4);
    expect(moved.stdout).toMatch(/--adopt[\s\S]*--rebuild/);
    const rebuilt = await jsonOf(["run", "moving", "--rebuild"], at);
    expect(rebuilt.runs[0].counts).toMatchObject({ added: 4, delivered: 4 });
  });

  it("keeps unanswered rows of a once-only target out of later runs until they are resolved", async () => {
    const hook = await platform();
    await hook.misbehave({ kind: "timeout_after", how: "reset" });
    const project = tinyProject({ "syncs/a.yml": toHook("once", { mode: "append" }) });
    await project.people(...persons(1, 3));
    const at = { cwd: project.dir, env: hook.env };
    const lost = await jsonOf(["run"], at, 4);
    expect(lost.runs[0].counts).toMatchObject({ unknown: 3, delivered: 0 });
    const id = lost.runs[0].run_id as string;
    expect((await jsonOf(["run"], at, 4)).runs[0].counts).toMatchObject({ planned: 0, suppressed: 3 });
    expect((await jsonOf(["why", "once", "c1"], at)).rows[0].answer).toContain(`millrace resolve ${id}`);
    expect(await runCli(["resolve", "20260101-000000-abcdef", "--drop"], at)).toMatchObject({ code: 2 });
    const resolved = await jsonOf(["resolve", id, "--resend"], at);
    expect(resolved).toMatchObject({ run_id: id, sync: "once", decision: "resend", rows: 3 });
    expect((await jsonOf(["run"], at)).runs[0].counts).toMatchObject({ delivered: 3 });
    expect((await hook.events()).add).toEqual({ c1: 2, c2: 2, c3: 2 });
  });

  it("retires a sync: forgets its ledger, or removes what it delivered after approval", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("ending") });
    await project.people(...persons(1, 3));
    const at = { cwd: project.dir, env: hook.env };
    const delivered = await jsonOf(["run"], at);
    const other = ["retire", "ending", "--remove", "--approve", delivered.runs[0].run_id as string];
    expect(await runCli(other, at)).toMatchObject({ code: 2, stderr: expect.stringContaining("not the removal") });
    const held = await jsonOf(["retire", "ending", "--remove"], at, 4);
    const approve = /--approve (\S+)/.exec(held.runs[0].approve as string)?.[1] ?? "";
    expect(held.runs[0]).toMatchObject({ status: "held", counts: { removed: 3 } });
    expect((await jsonOf(["retire", "ending", "--remove", "--approve", approve], at)).runs[0].counts).toMatchObject({
      delivered: 3,
    });
    expect(await hook.present()).toEqual({});
    const tables = async () =>
      await project.query("select 1 from information_schema.tables where table_name = 'ledger__ending'");
    expect(await tables()).toEqual([]);
    await jsonOf(["run"], at);
    expect(await jsonOf(["retire", "ending", "--forget"], at)).toMatchObject({ sync: "ending", retired: "forget" });
    expect(await tables()).toEqual([]);
    expect(Object.keys(await hook.present())).toHaveLength(3);
  });

  it("ends with 130 on Ctrl-C in a delivery, with what was sent recorded, and resume finishes it", async () => {
    const hook = await platform();
    await hook.misbehave({ kind: "slow", ms: 6_000, times: "always" });
    const project = tinyProject({ "syncs/a.yml": toHook("stopped", { to: ", rows: 1" }) });
    await project.people(...persons(1, 30));
    const at = { cwd: project.dir, env: hook.env };
    const run = startCli(["run", "--json"], at);
    await until("requests under way", () => hook.seen.length >= 8);
    const busy = await jsonOf(["run"], at, 1);
    expect(busy.runs[0].error).toMatchObject({
      code: "LEASE_HELD",
      message: expect.stringContaining(`pid ${run.pid}`),
    });
    expect((await jsonOf(["status"], at)).syncs[0]).toMatchObject({
      working: expect.stringContaining(`pid ${run.pid}`),
    });
    run.kill("SIGINT");
    const ended = await run.ended;
    expect(ended.code).toBe(130);
    expect(ended.json()).toMatchObject({ error: { code: "INTERRUPTED" }, exit_code: 130 });
    expect(ended.stderr).toContain("millrace resume");
    await hook.behave();
    const waiting = (await jsonOf(["status"], at)).syncs[0].waiting_for;
    expect(waiting).toEqual([expect.stringContaining("millrace resume")]);
    const resumed = await jsonOf(["resume"], at);
    expect(resumed.runs).toMatchObject([{ status: "done", counts: { planned: 30, delivered: 30 } }]);
    const { add = {} } = await hook.events();
    expect(Object.keys(add)).toHaveLength(30);
    expect(Math.max(...Object.values(add))).toBe(1);
  });

  it("ends with the worst exit code of several syncs, and runs them all", async () => {
    const hook = await platform();
    const project = tinyProject({
      "syncs/a.yml": toFile("gone").replace("main.people", "main.nowhere"),
      "syncs/b.yml": toHook("good"),
      "syncs/c.yml": toFile("warned", { path: "w.csv" }),
    });
    await project.people(...persons(1, 3), { ...person(4), id: null });
    const at = { cwd: project.dir, env: hook.env };
    const all = await jsonOf(["run"], at, 1);
    expect(all.runs.map((run: Loose) => [run.sync, run.exit_code])).toEqual([
      ["gone", 1],
      ["good", 3],
      ["warned", 3],
    ]);
    expect(all.runs[0].error).toMatchObject({ code: "RELATION_MISSING", message: expect.stringContaining("nowhere") });
    await jsonOf(["run", "good", "warned"], at, 3);
    const usage = await runCli(["run", "good", "nonsense"], at);
    expect(usage.code).toBe(2);
  });
});
