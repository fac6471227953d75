import { readFileSync } from "node:fs";
import { connect as connectTo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../../src/commands/app.ts";
import { resume } from "../../../src/commands/resume.ts";
import { run } from "../../../src/commands/run.ts";
import { type TinyProject, tinyProject, toFile } from "../../e2e/project.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";
import { verbInProcess } from "../../support/verb-in-process.ts";

/** No pause lasts: what is waited for here is the server. */
const hurried = (app: App): App => ({ ...app, clock: { now: app.clock.now, sleep: async () => undefined } });

describe("a run on Postgres that is cut", () => {
  let server: Database;
  beforeAll(async () => {
    server = await freshDatabase();
  });
  afterAll(() => server.remove());

  async function project(
    url = (own: string) => own,
    more = "",
  ): Promise<{ readonly at: TinyProject; readonly own: Database }> {
    const own = await server.another();
    await own.admin(`create schema analytics; create table analytics.people (id text, email text, name text);
      insert into analytics.people select 'c' || i, 'p' || i || '@example.com', 'Old' from generate_series(1, 20) i`);
    const sync = toFile("people", { more: "guard: { max_changed: 100%, max_removed: 100% }\n" });
    const at = tinyProject({
      "millrace.yml": `project: tiny\nwarehouse: { type: postgres, url: "${url(own.url)}", schema: millrace${more} }\nstore: ./store.sqlite\naccounts:\n  files: { connector: file, path: ./out }\n`,
      "syncs/people.yml": sync.replace("main.people", "analytics.people"),
    });
    return { at, own };
  }
  const runs = (at: TinyProject) => verbInProcess(at.dir, run([], { build: false }), hurried);
  const names = (at: TinyProject): Set<string> =>
    new Set(readFileSync(join(at.dir, "out", "people.csv"), "utf8").match(/Old|New/g));
  const rename = (own: Database) => own.admin("update analytics.people set name = 'New'");
  const lastRuns = (own: Database) => own.admin("select distinct last_run from millrace.ledger__people");

  /** Waits until Millrace is at it on the server, then lets an administrator do something to it. */
  async function interfere(
    own: Database,
    at: string,
    deed: "pg_terminate_backend" | "pg_cancel_backend",
  ): Promise<void> {
    const found = `from pg_stat_activity where application_name = 'millrace' and datname = current_database() and state = 'active' and wait_event = '${at}'`;
    await expect
      .poll(async () => (await own.admin(`select pid ${found}`)).length, { timeout: 20_000 })
      .toBeGreaterThan(0);
    await own.admin(`select ${deed}(pid) ${found}`);
  }

  it("in settling, by an administrator who ends its session: settles again by itself, once", async () => {
    const { at, own } = await project();
    expect((await runs(at)).exit).toBe(0);
    await rename(own);
    // The first settling sleeps in the middle of its transaction, the second one does not.
    await own.admin(`create sequence tries; create function slow() returns trigger language plpgsql as $$
        begin if nextval('tries') = 1 then perform pg_sleep(60); end if; return null; end $$;
      create trigger slow after insert on millrace.results for each statement execute function slow()`);
    const running = runs(at);
    await interfere(own, "PgSleep", "pg_terminate_backend");
    const ran = await running;
    expect(ran).toMatchObject({ exit: 0, json: { runs: [{ status: "done", counts: { delivered: 20 } }] } });
    const id = ran.json.runs[0].run_id;
    expect(await lastRuns(own)).toEqual([{ last_run: id }]);
    expect(await own.admin(`select count(*) as n from millrace.results where run_id = '${id}'`)).toEqual([{ n: "20" }]);
    expect(names(at)).toEqual(new Set(["New"]));
    await own.remove();
  });

  it("in planning, by an administrator who cancels its query: says so, has sent nothing, and the next run goes", async () => {
    const { at, own } = await project();
    expect((await runs(at)).exit).toBe(0);
    await own.admin(`alter table analytics.people rename to rows;
      create view analytics.people as select id, email, 'New' as name from analytics.rows, (select pg_sleep(30)) s`);
    const running = runs(at);
    await interfere(own, "PgSleep", "pg_cancel_backend");
    const ran = await running;
    expect(ran).toMatchObject({
      exit: 1,
      json: { runs: [{ error: { code: "WAREHOUSE_FAILED", message: expect.stringContaining("cancelled") } }] },
    });
    expect(names(at)).toEqual(new Set(["Old"]));
    await own.admin("create or replace view analytics.people as select id, email, 'New' as name from analytics.rows");
    expect((await runs(at)).exit).toBe(0);
    expect(names(at)).toEqual(new Set(["New"]));
    await own.remove();
  });

  it("in settling, by a network that stays away: ends with an error, and resume finishes it", async () => {
    const proxy = await cuttable();
    const { at, own } = await project((url) => proxy.through(url));
    expect((await runs(at)).exit).toBe(0);
    const before = await lastRuns(own);
    await rename(own);
    await own.admin(`create function slow() returns trigger language plpgsql as $$
        begin perform pg_sleep(60); return null; end $$;
      create trigger slow after insert on millrace.results for each statement execute function slow()`);
    const running = runs(at);
    await expect
      .poll(async () => (await own.admin("select 1 from pg_stat_activity where wait_event = 'PgSleep'")).length, {
        timeout: 20_000,
      })
      .toBe(1);
    await proxy.cut();
    expect(await running).toMatchObject({
      exit: 1,
      json: { runs: [{ error: { code: "WAREHOUSE_FAILED", hint: expect.stringMatching(/resume|host and port/) } }] },
    });
    expect(await lastRuns(own)).toEqual(before);
    expect(names(at)).toEqual(new Set(["New"]));
    await own.admin("drop trigger slow on millrace.results");
    await proxy.mend();
    expect(await verbInProcess(at.dir, resume(), hurried)).toMatchObject({ exit: 0 });
    expect(await lastRuns(own)).not.toEqual(before);
    expect(await runs(at)).toMatchObject({ exit: 0, json: { runs: [{ counts: { planned: 0 } }] } });
    await proxy.cut();
    await own.remove();
  });

  it("in settling, by a deadlock with another program: settles again by itself", async () => {
    const { at, own } = await project();
    expect((await runs(at)).exit).toBe(0);
    await rename(own);
    // A trigger that takes two locks against their order in another program, once.
    await own.admin(`create table public.one (n int); create table public.two (n int);
      create sequence tries; create function crossed() returns trigger language plpgsql as $$
        begin if nextval('tries') = 1 then
          lock table public.one; perform pg_sleep(0.5); lock table public.two;
        end if; return null; end $$;
      create trigger crossed after insert on millrace.results for each statement execute function crossed()`);
    const running = runs(at);
    await expect
      .poll(async () => (await own.admin("select 1 from pg_stat_activity where wait_event = 'PgSleep'")).length, {
        timeout: 20_000,
        interval: 20,
      })
      .toBe(1);
    // Whoever looks for the circle first is its victim: here always Millrace.
    await own.admin("begin; set local deadlock_timeout = '20s'; lock table public.two; lock table public.one; commit");
    expect(await running).toMatchObject({ exit: 0, json: { runs: [{ counts: { delivered: 20 } }] } });
    await own.remove();
  });

  it.each([
    ["reading a page of the plan", /copy \(select p\.seq/],
    ["loading the results", /copy "pg_temp"\."millrace_staged_results"/],
  ])("in the middle of %s, by a network that comes back: goes on by itself, each row once", async (_, at) => {
    const proxy = await cuttable();
    const { at: cut, own } = await project((url) => proxy.through(url));
    expect((await runs(cut)).exit).toBe(0);
    await rename(own);
    proxy.cutOnceAt(at);
    const ran = await runs(cut);
    expect(proxy.wasCut()).toBe(true);
    expect(ran).toMatchObject({ exit: 0, json: { runs: [{ status: "done", counts: { delivered: 20 } }] } });
    const id = ran.json.runs[0].run_id;
    expect(
      await own.admin(`select count(*) as n, count(distinct seq) as seqs from millrace.results where run_id = '${id}'`),
    ).toEqual([{ n: "20", seqs: "20" }]);
    expect(await lastRuns(own)).toEqual([{ last_run: id }]);
    expect(names(cut)).toEqual(new Set(["New"]));
    await proxy.cut();
    await own.remove();
  });

  it.each([
    ["an administrator who cancels its query", "", "pg_cancel_backend"],
    ["its own statement_timeout", ", statement_timeout: 4s", null],
  ] as const)("in settling, by %s: says so, is not tried again, and resume finishes it", async (_, more, deed) => {
    const { at, own } = await project(undefined, more);
    expect((await runs(at)).exit).toBe(0);
    const before = await lastRuns(own);
    await rename(own);
    await own.admin(`create sequence tries; create function slow() returns trigger language plpgsql as $$
        begin perform nextval('tries'); perform pg_sleep(60); return null; end $$;
      create trigger slow after insert on millrace.results for each statement execute function slow()`);
    const running = runs(at);
    if (deed !== null) await interfere(own, "PgSleep", deed);
    expect(await running).toMatchObject({
      exit: 1,
      json: {
        runs: [
          {
            error: {
              code: "WAREHOUSE_FAILED",
              message: expect.stringContaining("cancelled"),
              hint: expect.stringContaining("statement_timeout"),
            },
          },
        ],
      },
    });
    expect(await own.admin("select last_value from tries")).toEqual([{ last_value: "1" }]);
    expect(await lastRuns(own)).toEqual(before);
    await own.admin("drop trigger slow on millrace.results");
    expect(await verbInProcess(at.dir, resume(), hurried)).toMatchObject({ exit: 0 });
    expect(await lastRuns(own)).not.toEqual(before);
    expect(names(at)).toEqual(new Set(["New"]));
    expect(await runs(at)).toMatchObject({ exit: 0, json: { runs: [{ counts: { planned: 0 } }] } });
    await own.remove();
  });

  it("in planning, by a quota of the server: says so, has sent nothing, and the next run goes", async () => {
    const { at, own } = await project(undefined, ", work_mem: 64kB");
    expect((await runs(at)).exit).toBe(0);
    await own.admin(`update analytics.people set name = 'New';
      insert into analytics.people select 'd' || i, 'q' || i || '@example.com', 'New' from generate_series(1, 20000) i;
      insert into millrace.ledger__people (key, match_hash, identifiers, fast_fp, state)
        select 'e' || i, i, '{}', i, 'removed' from generate_series(1, 20000) i`);
    const name = new URL(own.url).pathname.slice(1);
    await own.admin(`alter database ${name} set temp_file_limit = '128kB'`);
    expect(await runs(at)).toMatchObject({
      exit: 1,
      json: {
        runs: [{ error: { code: "WAREHOUSE_FAILED", hint: expect.stringMatching(/work_mem.*temp_file_limit/) } }],
      },
    });
    expect(names(at)).toEqual(new Set(["Old"]));
    await own.admin(`alter database ${name} reset temp_file_limit; delete from analytics.people where id like 'd%'`);
    expect((await runs(at)).exit).toBe(0);
    expect(names(at)).toEqual(new Set(["New"]));
    await own.remove();
  });
});

interface Cuttable {
  /** The same database by way of this. */
  through(url: string): string;
  /** Ends every connection and takes no more. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Ends the connection over which this is asked, once, as soon as the server has begun to answer. */
  cutOnceAt(asked: RegExp): void;
  wasCut(): boolean;
}

async function cuttable(): Promise<Cuttable> {
  let target = new URL("postgres://nobody");
  let waiting: RegExp | null = null;
  let cutAt = false;
  const sockets = new Set<Socket>();
  const take = (client: Socket): void => {
    const onward = connectTo(Number(target.port), target.hostname);
    client.pipe(onward).pipe(client);
    client.on("data", (chunk: Buffer) => {
      if (waiting?.test(chunk.toString("latin1")) !== true) return;
      waiting = null;
      onward.once("data", () => {
        cutAt = true;
        for (const socket of [client, onward]) socket.destroy();
      });
    });
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
  };
  const listen = (port: number): Promise<Server> =>
    new Promise((done) => {
      const made = createServer(take);
      made.listen(port, "127.0.0.1", () => done(made));
    });
  let server = await listen(0);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    through(url) {
      target = new URL(url);
      return Object.assign(new URL(url), { hostname: "127.0.0.1", port: String(port) }).href;
    },
    async cut() {
      const closed = new Promise((done) => server.close(done));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    cutOnceAt(asked) {
      waiting = asked;
    },
    wasCut: () => cutAt,
    async mend() {
      server = await listen(port);
    },
  };
}
