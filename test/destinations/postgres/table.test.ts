import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Change } from "../../../src/core/change.ts";
import {
  AuthFailed,
  BatchRefused,
  OutcomeUnknown,
  TargetInvalid,
  Unavailable,
} from "../../../src/core/delivery-errors.ts";
import type { RowFate } from "../../../src/core/result.ts";
import type { Row } from "../../../src/core/value.ts";
import { postgres } from "../../../src/destinations/postgres/index.ts";
import { createDriver, type Driver, testClock } from "../../contract/connector-driver.ts";
import { type RunningPostgres, startPostgres } from "../../support/postgres.ts";

let server: RunningPostgres;
let db: pg.Client;
const drivers: Driver[] = [];

beforeAll(async () => {
  server = await startPostgres();
  db = new pg.Client({ connectionString: server.url });
  await db.connect();
});
beforeEach(async () => {
  await db.query("create table people (id integer primary key, name varchar(5), score numeric(6,2), at timestamptz)");
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
  await db.query("drop schema public cascade; create schema public");
});
afterAll(async () => {
  await db?.end();
  await server?.stop();
});

function open(options: Row = { table: "people" }, account: Row = { url: server.url }): Driver {
  const parts = { connector: postgres, account, target: "table", options, mode: "upsert" as const };
  const driver = createDriver({ ...parts, clock: testClock(), secrets: [server.password], timeoutMs: 1_000 });
  drivers.push(driver);
  return driver;
}

const row = (op: Change["op"], id: number | string, fields: Row) => ({ op, key: String(id), match: { id }, fields });
const all = async (table = "people") => (await db.query(`select * from ${table} order by 1`)).rows as unknown[];
const thrown = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );
const rejectOf = (fate: RowFate | undefined) => (fate?.status === "rejected" ? fate : null);

describe("postgres table", () => {
  test("refuses what a column cannot hold instead of cutting or rounding text, and names the reason, not the value", async () => {
    const fates = await open().deliver([
      row("add", 1, { name: "Annabella" }),
      row("add", 2, { name: "Bob" }),
      row("add", "seven", { name: "Cy" }),
      row("add", 4, { name: "a\0b" }),
    ]);
    expect(fates.map((fate) => rejectOf(fate)?.code)).toEqual(["22001", undefined, "22P02", "22021"]);
    expect(rejectOf(fates[0])?.message).toMatch(/too long/);
    for (const fate of fates) expect(rejectOf(fate)?.message ?? "").not.toMatch(/Annabella|seven/);
    expect(await all()).toMatchObject([{ id: 2, name: "Bob" }]);
  });

  test("applies nothing of a batch that Postgres refuses", async () => {
    const driver = open();
    const ctx = { ...driver.ctx, account: postgres.account.parse(driver.ctx.account) };
    const run = driver.plan([row("add", 1, { name: "Ann" }), row("add", 2, { name: "far too long" })]);
    const target = postgres.targets.table;
    const options: unknown = target?.options.parse({ table: "people" });
    const batch = {
      id: "b",
      fromSeq: 1,
      toSeq: 2,
      changes: run.changes,
      writes: "upsert" as const,
      attempt: 1,
      idempotencyKey: "b",
    };
    const error = await thrown(
      target?.send(batch, { ...ctx, options, sync: run.sync, state: null, checkpoint: async () => {} }) ??
        Promise.resolve(),
    );
    expect(error).toBeInstanceOf(BatchRefused);
    expect(await all()).toEqual([]);
  });

  test("keeps exact numbers and instants", async () => {
    await open().deliver([row("add", 1, { score: "1234.56", at: "2026-03-02T09:00:00+01:00" })]);
    expect(await all()).toMatchObject([{ score: "1234.56", at: new Date("2026-03-02T08:00:00Z") }]);
  });

  test("leaves alone the fields that some rows of a batch leave out", async () => {
    const driver = open();
    await driver.deliver([row("add", 1, { name: "Ann", score: 1 }), row("add", 2, { name: "Bob", score: 2 })]);
    await driver.deliver([row("update", 1, { name: "Anna" }), row("update", 2, { score: 3 })]);
    expect(await all()).toMatchObject([
      { name: "Anna", score: "1.00" },
      { name: "Bob", score: "3.00" },
    ]);
  });

  test("marks leavers with when_removed: {set}, and is content when they are gone", async () => {
    const driver = open();
    await driver.deliver([row("add", 1, { name: "Ann", score: 1 })]);
    const fates = await driver.deliver([row("remove", 1, { score: null }), row("remove", 2, { score: null })]);
    expect(fates.map((fate) => fate.status)).toEqual(["delivered", "delivered"]);
    expect(await all()).toMatchObject([{ id: 1, name: "Ann", score: null }]);
  });

  test("creates the table and later the columns it lacks, with declared types", async () => {
    const options = { table: "Made By Us", schema: "new", create: true, types: { id: "integer", 'é "q"': "json" } };
    await open(options).deliver([row("add", 1, { name: "Ann" })]);
    await open(options).deliver([row("add", 2, { name: "Bob", 'é "q"': { a: 1 } })]);
    expect(await all('new."Made By Us"')).toEqual([
      { id: "1", name: "Ann", 'é "q"': null },
      { id: "2", name: "Bob", 'é "q"': { a: 1 } },
    ]);
    await db.query("drop schema new cascade");
  });

  test("says which table or column is missing", async () => {
    const noTable = await thrown(open({ table: "nobody" }).deliver([row("add", 1, { name: "Ann" })]));
    expect(noTable).toBeInstanceOf(TargetInvalid);
    expect(String(noTable)).toContain("public.nobody");
    const noColumn = await thrown(open().deliver([row("add", 1, { nickname: "Ann" })]));
    expect(noColumn).toBeInstanceOf(TargetInvalid);
    expect(String(noColumn)).toContain("nickname");
  });

  test("says that the match needs a unique index, which mode update does not", async () => {
    await db.query("alter table people drop constraint people_pkey; insert into people (id) values (1)");
    const error = await thrown(open().deliver([row("add", 1, { name: "Ann" })]));
    expect(error).toBeInstanceOf(TargetInvalid);
    expect(String(error)).toMatch(/unique index/);
    await open().deliver([row("add", 1, { name: "Ann" })], { mode: "update" });
    expect(await all()).toMatchObject([{ id: 1, name: "Ann" }]);
  });

  test("tells a refused user, a missing grant and an unreachable server apart", async () => {
    await db.query("create role reader login password 'reader-password'");
    const reader = server.url.replace(/\/\/[^@]*@/, "//reader:reader-password@");
    await db.query("grant usage on schema public to reader; grant select on people to reader");
    const change = [row("add", 1, { name: "Ann" })];
    const noGrant = await thrown(open({ table: "people" }, { url: reader }).deliver(change));
    expect(noGrant).toBeInstanceOf(AuthFailed);
    const gone = await thrown(open({ table: "people" }, { url: "postgres://u:p@127.0.0.1:1/db" }).deliver(change));
    expect(gone).toBeInstanceOf(Unavailable);
    const noDatabase = await thrown(open({ table: "people" }, { url: `${server.url}x` }).deliver(change));
    expect(noDatabase).toBeInstanceOf(TargetInvalid);
    await db.query("drop owned by reader; drop role reader");
  });

  test("calls a connection lost before the commit not applied, and goes on with a new one", async () => {
    await db.query(`
      create function hang_up() returns trigger language plpgsql as $$
      begin if new.name = 'kill' then perform pg_terminate_backend(pg_backend_pid()); end if; return new; end $$;
      create trigger hang_up before insert on people for each row execute function hang_up()`);
    const driver = open();
    const error = await thrown(driver.deliver([row("add", 1, { name: "kill" })]));
    expect(error).toBeInstanceOf(Unavailable);
    expect(await all()).toEqual([]);
    const [fate] = await driver.deliver([row("add", 2, { name: "Bob" })]);
    expect(fate?.status).toBe("delivered");
  });

  test("does not know the outcome of a connection lost during the commit, and may write the rows again", async () => {
    await db.query(`
      create table fuse (lit boolean);
      insert into fuse values (true);
      create function hang_up() returns trigger language plpgsql as $$
      begin if (select lit from fuse) then perform pg_terminate_backend(pg_backend_pid()); end if; return null; end $$;
      create constraint trigger hang_up after insert on people deferrable initially deferred
        for each row execute function hang_up()`);
    const driver = open();
    const run = driver.plan([row("add", 1, { name: "Ann" })]);
    expect(await thrown(driver.send(run))).toBeInstanceOf(OutcomeUnknown);
    await db.query("update fuse set lit = false");
    expect((await driver.send(run)).map((fate) => fate.status)).toEqual(["delivered"]);
    expect(await all()).toMatchObject([{ id: 1, name: "Ann" }]);
  });

  test("finds a row that only the commit refuses", async () => {
    await db.query(`
      create table cities (name text primary key);
      alter table people add constraint of_a_city foreign key (name) references cities deferrable initially deferred;
      insert into cities values ('York')`);
    const fates = await open().deliver([row("add", 1, { name: "York" }), row("add", 2, { name: "Leeds" })]);
    expect(fates.map((fate) => rejectOf(fate)?.code)).toEqual([undefined, "23503"]);
    expect(await all()).toMatchObject([{ id: 1 }]);
  });

  test("does not repeat a trigger's message, which may quote the row", async () => {
    await db.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no % here', new.name; end $$;
      create trigger refuse before insert on people for each row execute function refuse()`);
    const [fate] = await open().deliver([row("add", 1, { name: "Ann" })]);
    expect(rejectOf(fate)).toMatchObject({ code: "P0001" });
    expect(JSON.stringify(fate)).not.toContain("Ann");
  });

  test("names a constraint that refuses a row", async () => {
    await db.query("alter table people add constraint positive_score check (score > 0)");
    const [fate] = await open().deliver([row("add", 1, { score: -1 })]);
    expect(rejectOf(fate)?.message).toContain("positive_score");
  });
});

describe("postgres account", () => {
  const parse = (account: Row) => postgres.account.safeParse(account);

  test("is a URL or its parts, not both and not neither", () => {
    expect(parse({ url: "postgres://h/db" }).success).toBe(true);
    expect(parse({ host: "h", user: "u", database: "d", password: "p" }).success).toBe(true);
    expect(parse({ url: "postgres://h/db", host: "h" }).success).toBe(false);
    expect(parse({ host: "h" }).success).toBe(false);
    expect(parse({ url: "mysql://h/db" }).success).toBe(false);
  });

  test("has one key however it is written, without user and password", () => {
    const key = (account: Row) => postgres.accountKey(postgres.account.parse(account));
    expect(key({ url: "postgres://u:p@h/d" })).toBe("postgres:h:5432/d");
    expect(key({ host: "h", user: "other", database: "d" })).toBe("postgres:h:5432/d");
  });
});
