import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check } from "../../../src/commands/check.ts";
import { grants } from "../../../src/commands/grants.ts";
import { resume } from "../../../src/commands/resume.ts";
import { run } from "../../../src/commands/run.ts";
import { type TinyProject, tinyProject, toFile } from "../../e2e/project.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";
import { verbInProcess } from "../../support/verb-in-process.ts";

const role = "millrace role";

/** An administrator who gives nothing to everybody, so that every right has to be granted. */
const harden = (name: string): string => `revoke all on database ${name} from public;
  create schema analytics; revoke all on schema public from public;
  create table analytics.people (id text, email text, name text);
  insert into analytics.people values ('1', 'ann@example.com', 'Ann'), ('2', 'bob@example.com', 'Bob');`;

describe("a role on Postgres", () => {
  let database: Database;
  beforeAll(async () => {
    const server = await freshDatabase();
    database = server;
    await server.admin(`create role "${role}" login password 'r'`);
  });
  afterAll(() => database.remove());

  /** A project whose role has nothing yet, in a database of its own. */
  async function project(): Promise<{
    readonly at: TinyProject;
    readonly own: Database;
    readonly statements: string[];
  }> {
    const own = await database.another();
    const url = new URL(own.url);
    await own.admin(harden(url.pathname.slice(1)));
    [url.username, url.password] = [encodeURIComponent(role), "r"];
    const sync = toFile("people", { more: "guard: { max_changed: 100%, max_removed: 100% }\n" });
    const at = tinyProject({
      "millrace.yml": `project: tiny\nwarehouse: { type: postgres, url: "${url.href}", schema: millrace }\nstore: ./store.sqlite\naccounts:\n  files: { connector: file, path: ./out }\n`,
      "syncs/people.yml": sync.replace("main.people", "analytics.people"),
    });
    const printed = await verbInProcess(at.dir, grants({}));
    expect(printed).toMatchObject({ exit: 0, json: { role, unknown: [] } });
    return { at, own, statements: printed.json.statements };
  }
  const runs = (at: TinyProject) => verbInProcess(at.dir, run([], { build: false }));
  const connects = (at: TinyProject) => verbInProcess(at.dir, check({ connect: true }));
  const csv = (at: TinyProject): string => readFileSync(join(at.dir, "out", "people.csv"), "utf8");
  const revoked = (statement: string): string =>
    statement.replace(/^grant/, "revoke").replace(/ to (".*")$/, " from $1");

  it("plans, delivers and settles with exactly what `millrace grants` prints, first run and later ones", async () => {
    const { at, own, statements } = await project();
    await own.admin(statements.join(";"));
    expect(await connects(at)).toMatchObject({ exit: 0 });
    expect(await runs(at)).toMatchObject({ exit: 0, json: { runs: [{ counts: { delivered: 2 } }] } });
    await own.admin(
      "update analytics.people set name = 'Robert' where id = '2'; delete from analytics.people where id = '1'",
    );
    expect(await runs(at)).toMatchObject({ exit: 0, json: { runs: [{ counts: { updated: 1, removed: 1 } }] } });
    expect(csv(at)).toContain("Robert");
    // It cannot do more: neither write the models nor read their neighbours.
    await own.admin("create table analytics.secrets (n int)");
    const can = await own.admin(`select has_table_privilege('${role}', 'analytics.people', 'INSERT') as writes,
      has_table_privilege('${role}', 'analytics.secrets', 'SELECT') as reads, has_schema_privilege('${role}', 'analytics', 'CREATE') as makes`);
    expect(can).toEqual([{ writes: false, reads: false, makes: false }]);
    await own.remove();
  });

  it("is told by `check --connect` which grant is missing, whichever it is", async () => {
    const { at, own, statements } = await project();
    const given = statements.filter((statement) => statement.startsWith("grant"));
    expect(given).toHaveLength(5);
    for (const missing of given) {
      await own.admin([...statements, revoked(missing)].join(";"));
      const { exit, json } = await connects(at);
      expect(exit, missing).toBe(1);
      const failed = json.connections.filter(({ ok }: { ok: boolean }) => !ok);
      expect(failed, missing).toHaveLength(1);
      expect(failed[0].code).toBe("GRANT_MISSING");
      // Without the right to connect the server itself speaks.
      expect(failed[0].message).toContain(missing.includes("connect") ? "permission denied for database" : missing);
      const ran = await runs(at);
      expect(ran.exit, missing).toBe(1);
      expect(ran.json.runs[0].error.code, missing).toBe("GRANT_MISSING");
    }
    await own.admin(statements.join(";"));
    expect((await connects(at)).exit).toBe(0);
    expect((await runs(at)).exit).toBe(0);
    await own.remove();
  });

  it("is told that a rebuild has dropped a model's grants, with the statement that gives them back", async () => {
    const { at, own, statements } = await project();
    await own.admin(statements.join(";"));
    const [first] = (await runs(at)).json.runs;
    // As dbt builds a table: a new one takes the place of the old.
    await own.admin(`create table analytics.people__dbt_tmp as select * from analytics.people;
      drop table analytics.people; alter table analytics.people__dbt_tmp rename to people`);
    const [lost] = (await runs(at)).json.runs;
    expect(lost.error).toMatchObject({
      code: "GRANT_MISSING",
      message: expect.stringMatching(
        new RegExp(`analytics\\.people may no longer be read, though run ${first.run_id} could`),
      ),
      hint: expect.stringContaining(`grant select on "analytics"."people" to "${role}"`),
    });
    expect(lost.error.hint).toContain("grants:");
    const connected = await connects(at);
    expect(connected).toMatchObject({ exit: 1 });
    expect(connected.json.connections).toContainEqual({
      what: "grant",
      ok: false,
      code: "GRANT_MISSING",
      message: `${lost.error.message} ${lost.error.hint}`,
    });
    await own.admin(statements.join(";"));
    expect((await runs(at)).exit).toBe(0);
    await own.remove();
  });

  it("loses its rights between plan and settling: nothing is sent twice, and resume finishes when it has them again", async () => {
    const { at, own, statements } = await project();
    await own.admin(statements.join(";"));
    expect((await runs(at)).exit).toBe(0);
    await own.admin("update analytics.people set name = 'Anna' where id = '1'");
    // Everything may still be planned and read, and nothing be settled.
    await own.admin("alter table millrace.results owner to current_user");
    const cut = await runs(at);
    expect(cut).toMatchObject({ exit: 1, json: { runs: [{ error: { code: "GRANT_MISSING" } }] } });
    const ledger = () => own.admin("select last_run from millrace.ledger__people order by key");
    const before = await ledger();
    await own.admin(`alter table millrace.results owner to "${role}"`);
    expect(csv(at)).toContain("Anna");
    expect(await verbInProcess(at.dir, resume())).toMatchObject({ exit: 0 });
    expect(await ledger()).not.toEqual(before);
    expect(await runs(at)).toMatchObject({ exit: 0, json: { runs: [{ counts: { planned: 0 } }] } });
    await own.remove();
  });
});
