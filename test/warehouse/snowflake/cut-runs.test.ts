import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { App } from "../../../src/commands/app.ts";
import { resume } from "../../../src/commands/resume.ts";
import { run } from "../../../src/commands/run.ts";
import { millraceYml, toFile } from "../../e2e/project.ts";
import { projectEngine } from "../../e2e/project-engine.ts";
import type { Fault } from "../../support/snowflake/fakesnow.ts";
import { onFakesnow } from "../../support/snowflake/on-fakesnow.ts";
import { projectsOnFakesnow } from "../../support/snowflake/projects.ts";
import { verbInProcess } from "../../support/verb-in-process.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

/** No pause lasts: what is waited for here answers at once. */
const hurried = (app: App): App => ({ ...app, clock: { now: app.clock.now, sleep: async () => undefined } });

/** Statements that only one stage sends. */
const stages = {
  planning: "create temporary table millrace_diff",
  "reading a page": "p\\.seq between|from .*PLAN__PEOPLE.* where .*seq",
  settling: 'insert into "MILLRACE"\\."RESULTS"',
} as const;

const failures = {
  cancelled: { code: "000604", sqlState: "57014", message: "SQL execution canceled" },
  quota: {
    code: "090073",
    sqlState: "22000",
    message: "Warehouse 'COMPUTE' cannot be resumed because resource monitor 'M' has exceeded its quota.",
  },
  locked: {
    code: "000625",
    message: "Statement '01a' has locked table 'LEDGER' in transaction 1 and this lock has not yet been released.",
  },
  "token expired": { code: "390112", message: "Your session has expired. Please login again." },
  "all tokens expired": {
    code: "390114",
    message: "Authentication token has expired. The user must authenticate again.",
  },
  forbidden: {
    code: "003001",
    sqlState: "42501",
    message: "SQL access control error:\nInsufficient privileges to operate on warehouse 'COMPUTE'.",
  },
} as const satisfies Record<string, Omit<Fault, "match">>;

onFakesnow("a run on Snowflake that is cut", () => {
  const server = projectsOnFakesnow();
  let dir = "";
  let generation = 0;
  const sql = (...statements: readonly string[]) =>
    projectEngine().run(dir, async (ask) => {
      for (const statement of statements.slice(0, -1)) await ask(statement);
      return ask(statements.at(-1) ?? "");
    });
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "millrace-cut-"));
    mkdirSync(join(dir, "syncs"));
    writeFileSync(join(dir, "millrace.yml"), millraceYml(dir));
    writeFileSync(
      join(dir, "syncs", "people.yml"),
      toFile("people", { more: "guard: { max_changed: 100%, max_removed: 100% }\n" }),
    );
    await sql(
      "create table people (id varchar, email varchar, name varchar, score varchar)",
      "insert into people select 'c' || column1, 'p' || column1 || '@example.com', 'none', '1' from values (1), (2), (3), (4), (5)",
    );
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const runs = () => verbInProcess(dir, run([], { build: false }), hurried);
  /** What the file holds in the column that every test changes. */
  const names = (): Set<string> => new Set(readFileSync(join(dir, "out", "people.csv"), "utf8").match(/name\d+/g));
  /** All five people get another name: five changes to be planned. */
  async function change(): Promise<string> {
    generation += 1;
    const name = `name${generation}`;
    await sql(`update people set name = '${name}'`);
    return name;
  }
  /** The run that it finished. */
  async function resumed(): Promise<string> {
    const ran = await verbInProcess(dir, resume(), hurried);
    expect(ran, ran.stdout).toMatchObject({ exit: 0, json: { runs: [{ status: "done" }] } });
    return ran.json.runs[0].run_id;
  }
  const settled = async (name: string, id: string): Promise<void> => {
    expect(names()).toEqual(new Set([name]));
    expect(
      await sql(
        `select count(*) as n, count(distinct seq) as seqs, count(distinct l.last_run) as runs from millrace.results r left join millrace.ledger__people l on l.key = r.key where r.run_id = '${id}'`,
      ),
    ).toMatchObject([{ n: 5, seqs: 5, runs: 1 }]);
    expect(await runs()).toMatchObject({ exit: 0, json: { runs: [{ counts: { planned: 0 } }] } });
  };
  const asked = async (match: RegExp): Promise<number> =>
    (await server().log()).filter(({ sql: text }) => match.test(String(text))).length;

  it.each(Object.entries(stages))(
    "by a suspended virtual warehouse in %s: resumes it and goes on, each row once",
    async (_, at) => {
      const name = await change();
      const before = await asked(/^alter warehouse/);
      await server().suspendAt(at);
      const ran = await runs();
      expect(ran, ran.stdout).toMatchObject({
        exit: 0,
        json: { runs: [{ status: "done", counts: { delivered: 5 } }] },
      });
      expect((await asked(/^alter warehouse/)) - before).toBe(1);
      await settled(name, ran.json.runs[0].run_id);
    },
  );

  it("by one that this role may not resume: says which right it lacks, and resume finishes it", async () => {
    const name = await change();
    await server().suspendAt(stages.settling);
    await server().fault({ match: "alter warehouse", ...failures.forbidden });
    const ran = await runs();
    expect(ran).toMatchObject({
      exit: 1,
      json: {
        runs: [{ error: { message: expect.stringContaining("suspended"), hint: expect.stringContaining("OPERATE") } }],
      },
    });
    await settled(name, await resumed());
  });

  it.each([
    ["an administrator who cancels its statement", failures.cancelled, /Ask who cancelled it/],
    ["a resource monitor whose quota is used up", failures.quota, /Raise the quota/],
  ])("in settling by %s: says so, is not tried again, and resume finishes it", async (_, failure, hint) => {
    const name = await change();
    const before = await asked(new RegExp(stages.settling));
    await server().fault({ match: stages.settling, ...failure });
    const ran = await runs();
    expect(ran).toMatchObject({
      exit: 1,
      json: { runs: [{ error: { code: "WAREHOUSE_FAILED", hint: expect.stringMatching(hint) } }] },
    });
    expect((await asked(new RegExp(stages.settling))) - before).toBe(1);
    await settled(name, await resumed());
  });

  it.each([
    ["planning", failures.cancelled],
    ["reading a page", failures.quota],
  ] as const)(
    "in %s by a failure that stays: says so, has sent nothing, and afterwards all arrives",
    async (stage, failure) => {
      const old = names();
      const name = await change();
      await server().fault({ match: stages[stage], ...failure });
      expect(await runs()).toMatchObject({
        exit: 1,
        json: { runs: [{ error: { code: "WAREHOUSE_FAILED", hint: expect.stringContaining("resume") } }] },
      });
      expect(names()).toEqual(old);
      expect(await verbInProcess(dir, resume(), hurried)).toMatchObject({ exit: 0 });
      const ran = await runs();
      expect(ran).toMatchObject({ exit: 0 });
      expect(names()).toEqual(new Set([name]));
    },
  );

  it("by a session token that has expired: has it renewed, and nobody notices", async () => {
    const name = await change();
    for (const match of Object.values(stages)) await server().fault({ match, ...failures["token expired"] });
    const ran = await runs();
    expect(ran, ran.stdout).toMatchObject({ exit: 0, json: { runs: [{ status: "done", counts: { delivered: 5 } }] } });
    await settled(name, ran.json.runs[0].run_id);
  });

  it.each([
    [
      "whose tokens have all expired",
      [
        { match: stages.settling, ...failures["token expired"] },
        { match: "/session/token-request", ...failures["all tokens expired"] },
      ],
    ],
    ["that an administrator ended", [{ match: stages.settling, endSession: true }]],
    ["that meets a lock", [{ match: stages.settling, ...failures.locked }]],
  ])("in settling, in a session %s: settles again by itself, once", async (_, faults) => {
    const name = await change();
    for (const fault of faults) await server().fault(fault);
    const ran = await runs();
    expect(ran, ran.stdout).toMatchObject({ exit: 0, json: { runs: [{ status: "done", counts: { delivered: 5 } }] } });
    await settled(name, ran.json.runs[0].run_id);
  });
});
