import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { jsonOf, type Loose, runCli } from "./cli.ts";
import { platform } from "./platform.ts";
import { person, persons, tinyProject, toFile, toHook } from "./project.ts";

describe("check, plan, run and what they leave", { timeout: 90_000 }, () => {
  it("checks without a connection, warns of an unset variable, and refuses to use one", async () => {
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook") });
    await project.people(...persons(1, 2));
    const at = { cwd: project.dir };
    const check = await runCli(["check"], at);
    expect(check).toMatchObject({ code: 0, stdout: expect.stringMatching(/millrace\.yml:5: warning: .*HOOK_URL/) });
    const document = await jsonOf(["check"], at);
    expect(document).toMatchObject({ exit_code: 0, connections: [] });
    expect(JSON.stringify(document)).toContain("HOOK_URL");
    for (const verb of ["run", "plan"]) {
      const ended = await runCli([verb, "to-hook"], at);
      expect(ended.code, verb).toBe(2);
      expect(ended.stdout + ended.stderr, verb).toContain("HOOK_URL");
    }
    expect((await jsonOf(["run"], at, 2)).exit_code).toBe(2);
  });

  it("reports every fault of every file at once, with file, line and mend", async () => {
    const project = tinyProject({
      "syncs/a.yml": toHook("one").replace("mode: mirror", "mode: miror"),
      "syncs/b.yml": toFile("two").replace("fields:", "feilds:"),
    });
    const check = await runCli(["check"], { cwd: project.dir, env: { HOOK_URL: "http://127.0.0.1:9" } });
    expect(check.code).toBe(2);
    expect(check.stdout).toMatch(/syncs\/a\.yml:5: .*mirror/);
    expect(check.stdout).toMatch(/syncs\/b\.yml:6: .*fields/);
    expect((await runCli(["run"], { cwd: project.dir })).code).toBe(2);
  });

  it("tries warehouse and accounts with --connect", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook"), "syncs/b.yml": toFile("to-file") });
    await project.people(...persons(1, 2));
    const good = await jsonOf(["check", "--connect"], { cwd: project.dir, env: hook.env });
    expect(good.connections.map((tried: Loose) => tried.ok)).toEqual([true, true, true]);
    const env = { HOOK_URL: "http://127.0.0.1:9" };
    const bad = await jsonOf(["check", "--connect"], { cwd: project.dir, env }, 1);
    expect(bad.connections.find((tried: Loose) => tried.what === "account hook")).toMatchObject({ ok: false });
  });

  it("plans without sending, and runs without sending twice", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook") });
    await project.people(...persons(1, 3));
    const at = { cwd: project.dir, env: hook.env };

    const planned = await jsonOf(["plan", "to-hook"], at);
    expect(planned).toMatchObject({
      exit_code: 0,
      plans: [
        {
          plan_id: expect.stringMatching(/^\d{8}-\d{6}-[0-9a-f]{6}$/),
          sync: "to-hook",
          status: "ready",
          mode: "mirror",
          counts: {
            planned: 3,
            model_rows: 3,
            unchanged: 0,
            added: 3,
            updated: 0,
            removed: 0,
            refused: 0,
            suppressed: 0,
          },
          held_for: [],
          requests: 1,
          approve: expect.stringContaining("millrace run --approve"),
        },
      ],
    });
    expect(planned.plans[0].samples).toHaveLength(3);
    expect(hook.seen).toHaveLength(0);

    const first = await jsonOf(["run"], at);
    expect(first).toMatchObject({
      exit_code: 0,
      runs: [
        {
          sync: "to-hook",
          status: "done",
          exit_code: 0,
          counts: { planned: 3, delivered: 3, accepted: 0, rejected: 0, retry: 0, unknown: 0, model_rows: 3, added: 3 },
          error: null,
          approve: null,
        },
      ],
    });
    expect(hook.seen).toHaveLength(1);
    const [request] = hook.seen;
    expect(request?.headers["idempotency-key"]).toMatch(/\S/);
    expect(request?.headers["content-type"]).toContain("application/json");
    expect(JSON.parse(request?.body ?? "")).toEqual({
      sync: "to-hook",
      run: first.runs[0].run_id,
      changes: [1, 2, 3].map((n) => ({
        op: "add",
        key: `c${n}`,
        fields: { email: `person${n}@example.com`, name: `Person Number ${n}`, score: n * 10 },
      })),
    });

    const second = await runCli(["run"], at);
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing to send") });
    expect(hook.seen).toHaveLength(1);

    await project.people(person(1), { ...person(2), name: "Renamed" }, person(3), person(4));
    const third = await jsonOf(["run"], at);
    expect(third.runs[0].counts).toMatchObject({ planned: 2, unchanged: 2, added: 1, updated: 1, removed: 0 });
    expect(await hook.present()).toMatchObject({ c2: { name: "Renamed" }, c4: { score: 40 } });

    const ledger = await project.query(`select key, state from millrace."ledger__to_hook" order by key`);
    expect(ledger).toEqual(["c1", "c2", "c3", "c4"].map((key) => ({ key, state: "present" })));
    const runs = await project.query("select * from millrace.runs order by started_at desc, run_id desc limit 1");
    expect(runs).toMatchObject([
      {
        run_id: third.runs[0].run_id,
        sync: "to-hook",
        trigger: "manual",
        status: "done",
        started_at: expect.any(String),
        ended_at: expect.any(String),
        ...numbers({ planned: 2, delivered: 2, accepted: 0, rejected: 0, retry: 0, unknown: 0 }),
        ...numbers({ model_rows: 4, unchanged: 2, refused: 0, suppressed: 0 }),
      },
    ]);

    const history = await jsonOf(["runs", "to-hook", "--limit", "10"], at);
    expect(history.runs.map((run: Loose) => run.status)).toEqual(["done", "done", "done", "superseded"]);
    expect((await jsonOf(["runs", "--limit", "1"], at)).runs).toHaveLength(1);
    const status = await jsonOf(["status"], at);
    expect(status.syncs).toMatchObject([{ sync: "to-hook", state: "ok", waiting_for: [] }]);
  });

  it("refuses what the model cannot give row by row, and says so in every place", async () => {
    const hook = await platform({ hook: { answer: "per_row" } });
    await hook.misbehave({
      kind: "reject_rows",
      platform: "hook",
      field: "key",
      values: ["c2"],
      code: "SPAM",
      message: "not wanted",
    });
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook", { to: ", response: per_row" }) });
    await project.people(...persons(1, 4), { ...person(5), score: "many" }, { ...person(6), id: null }, person(7), {
      ...person(7),
      name: "Twin",
    });
    const at = { cwd: project.dir, env: hook.env };
    const run = await jsonOf(["run"], at, 3);
    const [{ counts, refusals }] = run.runs;
    expect(counts).toMatchObject({ model_rows: 8, planned: 4, delivered: 3, rejected: 1, refused: 4 });
    expect(refusals.map((refusal: Loose) => refusal.code).sort()).toEqual(
      expect.arrayContaining(["DUPLICATE_KEY", "NULL_KEY"]),
    );
    const { rejects } = await jsonOf(["rejects"], at);
    expect(rejects.map((reject: Loose) => [reject.key, reject.code])).toEqual(
      expect.arrayContaining([
        ["c2", "SPAM"],
        ["c7", "DUPLICATE_KEY"],
        ["c5", expect.any(String)],
        [null, "NULL_KEY"],
      ]),
    );
    expect((await runCli(["rejects", "to-hook"], at)).stdout).toContain("SPAM: not wanted");
    const why = await jsonOf(["why", "to-hook", "c2"], at);
    expect(why).toMatchObject({
      found: true,
      rows: [{ key: "c2", in_model: true, answer: expect.stringContaining("SPAM") }],
    });
    expect((await jsonOf(["why", "to-hook", "c1"], at)).rows[0].answer).toContain("Delivered in run");
    expect((await jsonOf(["why", "to-hook", "c5"], at)).rows[0].answer).toContain("Refused before sending");
    expect(await jsonOf(["why", "to-hook", "nobody"], at)).toMatchObject({ found: false, rows: [] });

    await hook.behave();
    const retried = await jsonOf(["retry", "to-hook"], at, 3);
    expect(retried.runs[0].counts).toMatchObject({ delivered: 1, rejected: 0 });
    expect(Object.keys(await hook.present()).sort()).toEqual(["c1", "c2", "c3", "c4"]);
  });

  it("sends everything again with --full, and takes rows as delivered with adopt", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook") });
    await project.people(...persons(1, 3));
    const at = { cwd: project.dir, env: hook.env };
    const adopted = await jsonOf(["adopt", "to-hook"], at);
    expect(adopted.runs[0].counts).toMatchObject({ planned: 3, delivered: 3 });
    expect(hook.seen).toHaveLength(0);
    expect((await jsonOf(["run"], at)).runs[0].counts).toMatchObject({ planned: 0, unchanged: 3 });
    const full = await jsonOf(["run", "to-hook", "--full"], at, 4);
    const approved = await jsonOf(["run", "--approve", full.runs[0].run_id], at);
    expect(approved.runs[0].counts).toMatchObject({ planned: 3, delivered: 3 });
    expect(Object.keys(await hook.present())).toHaveLength(3);
    expect(await runCli(["resume"], at)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("nothing to resume"),
    });
    expect(await runCli(["compile"], at)).toMatchObject({ code: 0 });
    expect(await runCli(["build"], at)).toMatchObject({ code: 2, stderr: expect.stringContaining("dbt") });
  });

  it("keeps an environment and the sandbox apart from the project", async () => {
    const hook = await platform();
    const project = tinyProject({ "syncs/a.yml": toHook("to-hook") });
    const yml = project.read("millrace.yml");
    project.write(
      "millrace.yml",
      `${yml}environments:\n  staging:\n    warehouse: { schema: millrace_staging }\n    store: ./staging.sqlite\n`,
    );
    await project.people(...persons(1, 2));
    const at = { cwd: project.dir, env: hook.env };
    for (const flags of [[], ["--env", "staging"]]) {
      expect((await jsonOf(["run", ...flags], at)).runs[0].counts).toMatchObject({ added: 2 });
    }
    const env = { HOOK_URL: "http://127.0.0.1:9", MILLRACE_SANDBOX_URL: hook.url };
    expect((await jsonOf(["run", "--sandbox"], { cwd: project.dir, env })).runs[0].counts).toMatchObject({
      delivered: 2,
    });
    expect(existsSync(join(project.dir, "staging.sqlite"))).toBe(true);
    const schemas = await project.query(
      "select schema_name from information_schema.schemata where schema_name like 'millrace%' order by 1",
    );
    expect(schemas.map((row) => row.schema_name)).toEqual(["millrace", "millrace_sandbox", "millrace_staging"]);
  });

  it("writes files that a spreadsheet cannot be tricked with", async () => {
    const project = tinyProject({
      "syncs/a.yml": toFile("csv"),
      "syncs/b.yml": toFile("ndjson", { target: "ndjson", path: "people.ndjson" }),
    });
    const names = [
      "=cmd()",
      "+1 555",
      "-2.5",
      "@import",
      "O'Brien",
      "👩‍🚀 שלום",
      "plain, with comma",
      'quote " and\nline',
    ];
    await project.people(...names.map((name, i) => ({ ...person(i + 1), name })));
    expect((await runCli(["run"], { cwd: project.dir })).code).toBe(0);
    const csv = readFileSync(join(project.dir, "out/people.csv"), "utf8");
    expect(csv).toContain("'=cmd()");
    expect(csv).toContain("'+1 555");
    expect(csv).toContain("'@import");
    expect(csv).toMatch(/,-2\.5\r?$/m);
    expect(csv).toContain(",O'Brien");
    const rows = readFileSync(join(project.dir, "out/people.ndjson"), "utf8").trim().split("\n");
    expect(rows.map((row) => (JSON.parse(row) as { name: string }).name).sort()).toEqual([...names].sort());
  });
});

/** DuckDB's big integers come as text or number. */
const numbers = (counts: Readonly<Record<string, number>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, expect.toBeOneOf([n, String(n)])]));
