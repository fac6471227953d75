import { connect as connectTo, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import {
  Interrupted,
  type MillraceError,
  RelationMissing,
  WarehouseBusy,
  WarehouseFailed,
} from "../../../src/core/errors.ts";
import type { Row } from "../../../src/core/value.ts";
import { createPostgresWarehouse, type PostgresWarehouseOptions } from "../../../src/warehouse/postgres/index.ts";
import { raw, sql } from "../../../src/warehouse/sql.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { type Database, freshDatabase } from "../../support/postgres-database.ts";

const cells = z.record(z.string(), z.unknown());
const N = { name: "n", type: "int" } as const;

describe("Postgres in trouble", () => {
  let database: Database;
  const opened: Warehouse[] = [];
  const open = (options: Partial<PostgresWarehouseOptions> = {}): Warehouse => {
    const warehouse = createPostgresWarehouse({
      url: database.url,
      schema: "millrace",
      clock: systemClock,
      waitMs: 300,
      ...options,
    });
    opened.push(warehouse);
    return warehouse;
  };
  beforeAll(async () => {
    database = await freshDatabase();
    await database.admin(
      `create table numbers as select generate_series(1, 200000) as n; create table target (n bigint)`,
    );
  });
  afterAll(async () => {
    for (const warehouse of opened) await warehouse.close();
    await database.remove();
  });

  const failure = async (work: Promise<unknown>): Promise<MillraceError> => {
    const error = await work.then(
      () => new Error("did not fail"),
      (thrown: unknown) => thrown,
    );
    return error as MillraceError;
  };
  const select = (warehouse: Warehouse, text: string) =>
    warehouse.session("read", (session) => session.query(raw(text), cells));
  /** Ends every session of Millrace, as an administrator would. */
  const terminate = () =>
    database.admin(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace' and datname = current_database()",
    );

  it("says what is wrong with the address, the user, the password and the database, and never the password", async () => {
    const port = new URL(database.url).port;
    const wrong = (change: (url: URL) => void): Warehouse => {
      const url = new URL(database.url);
      change(url);
      return open({ url: url.href });
    };
    const [server] = await database.admin("select count(*) as n from pg_hba_file_rules where auth_method = 'trust'");
    const refused = await failure(
      select(
        wrong((url) => {
          url.port = "1";
        }),
        "select 1",
      ),
    );
    expect(refused).toMatchObject({
      code: "WAREHOUSE_FAILED",
      message: expect.stringContaining("ECONNREFUSED"),
      hint: expect.stringMatching(/host and port/),
    });
    const nobody = await failure(
      select(
        wrong((url) => {
          url.pathname = "/no_such_database";
        }),
        "select 1",
      ),
    );
    expect(nobody).toMatchObject({ message: expect.stringContaining("no such database") });
    if (server?.n === "0") {
      const denied = await failure(
        select(
          wrong((url) => {
            url.password = "secret-guess";
          }),
          "select 1",
        ),
      );
      expect(denied).toMatchObject({ code: "WAREHOUSE_FAILED", message: expect.stringContaining("user or password") });
      expect(JSON.stringify([denied.message, denied.hint, denied.context])).not.toContain("secret-guess");
    }
    const encrypted = await failure(select(open({ ssl: "require" }), "select 1"));
    expect(encrypted).toMatchObject({ message: expect.stringMatching(/does not speak SSL/) });
    expect(() => open({ url: `postgres://u:hidden@127.0.0.1:${port}/x?sslmode=sometimes` })).toThrow(/sslmode/);
    expect(() => open({ url: "mysql://u:hidden@h/x" })).toThrow(/no Postgres URL/);
  });

  it("names the table that the role may not read, and what to grant", async () => {
    await database.admin(`create role reader login password 'reader'; create table private (n int)`);
    const url = new URL(database.url);
    [url.username, url.password] = ["reader", "reader"];
    const denied = await failure(select(open({ url: url.href }), "select * from public.private"));
    expect(denied).toMatchObject({
      code: "GRANT_MISSING",
      message: expect.stringContaining("private"),
      hint: expect.stringContaining("millrace grants"),
    });
    await database.admin("drop role reader");
  });

  it("works in a schema of its own without the right to make one", async () => {
    await database.admin(`create role worker login password 'worker'; create schema mine authorization worker`);
    const url = new URL(database.url);
    [url.username, url.password] = ["worker", "worker"];
    const warehouse = open({ url: url.href, schema: "mine" });
    await warehouse.session("write", (session) =>
      session.execute([session.dialect.createSchema("mine"), sql`create table mine.t (n int)`]),
    );
    const denied = await failure(
      warehouse.session("write", (session) => session.execute([session.dialect.createSchema("another")])),
    );
    expect(denied).toMatchObject({ code: "GRANT_MISSING", message: expect.stringContaining("permission denied") });
    await warehouse.close();
    await database.admin("drop schema mine cascade; drop role worker");
  });

  it("tells a session that an administrator ended, and serves the next one", async () => {
    const warehouse = open();
    const ended = failure(select(warehouse, "select pg_sleep(60)"));
    await expect
      .poll(
        async () =>
          (
            await database.admin(
              "select pid from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()",
            )
          ).length,
      )
      .toBe(1);
    await terminate();
    expect(await ended).toBeInstanceOf(WarehouseFailed);
    expect((await ended).message).toMatch(/ended the connection|was cut/);
    expect(await select(warehouse, "select 1 as one")).toEqual([{ one: 1 }]);
    // Now its idle connection dies: nobody notices.
    await terminate();
    expect(await select(warehouse, "select 2 as two")).toEqual([{ two: 2 }]);
  });

  it("keeps nothing of a transaction, a load or a stream that was cut", async () => {
    const warehouse = open();
    const cutTransaction = warehouse.session("write", (session) =>
      session.transaction(async () => {
        await session.execute([sql`insert into target values (1)`]);
        await terminate();
        await session.execute([sql`insert into target values (2)`]);
      }),
    );
    expect(await failure(cutTransaction)).toBeInstanceOf(WarehouseFailed);
    async function* pages(): AsyncGenerator<readonly Row[]> {
      for (let n = 0; n < 200; n++) {
        if (n === 100) await terminate();
        yield Array.from({ length: 1000 }, (_, i) => ({ n: i }));
      }
    }
    const cutLoad = warehouse.session("write", (session) =>
      session.load({ schema: "public", name: "target" }, [N], pages()),
    );
    expect(await failure(cutLoad)).toBeInstanceOf(WarehouseFailed);
    const cutStream = warehouse.session("read", async (session) => {
      let rows = 0;
      for await (const page of session.stream(raw("select a.n, b.n from numbers a, numbers b"), 1000)) {
        rows += page.length;
        if (rows === 5000) await terminate();
      }
    });
    expect(await failure(cutStream)).toBeInstanceOf(WarehouseFailed);
    expect(await select(warehouse, "select count(*) as n from target")).toEqual([{ n: 0 }]);
  });

  it("notices a network that is cut in the middle of a statement and of a stream", async () => {
    const target = new URL(database.url);
    const sockets: Socket[] = [];
    const proxy = createServer((client) => {
      const server = connectTo(Number(target.port), target.hostname);
      sockets.push(client, server);
      client.pipe(server).pipe(client);
      for (const socket of [client, server]) socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const address = proxy.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const warehouse = open({ url: Object.assign(new URL(database.url), { port: String(port) }).href });
    const cut = () => {
      for (const socket of sockets.splice(0)) socket.destroy();
    };
    const statement = warehouse.session("read", (session) => {
      setTimeout(cut, 100);
      return session.query(raw("select pg_sleep(60)"), cells);
    });
    expect(await failure(statement)).toBeInstanceOf(WarehouseFailed);
    const stream = warehouse.session("read", async (session) => {
      for await (const _ of session.stream(raw("select a.n, b.n from numbers a, numbers b"), 1000)) cut();
    });
    expect(await failure(stream)).toMatchObject({ message: expect.stringContaining("was cut") });
    expect(await select(warehouse, "select 1 as one")).toEqual([{ one: 1 }]);
    await warehouse.close();
    cut();
    await new Promise((resolve) => proxy.close(resolve));
  });

  it("ends a statement after its time, and says so", async () => {
    const late = await failure(select(open({ statementTimeoutMs: 100 }), "select pg_sleep(10)"));
    expect(late).toMatchObject({
      code: "WAREHOUSE_FAILED",
      message: expect.stringContaining("cancelled"),
      hint: expect.stringContaining("statement_timeout"),
    });
  });

  it("lets one writer of a schema work at a time, names the other, and does not keep readers out", async () => {
    const [first, second] = [open(), open()];
    await first.session("write", async () => {
      const busy = await failure(second.session("write", async () => undefined));
      expect(busy).toBeInstanceOf(WarehouseBusy);
      expect(busy.message).toMatch(/millrace of .* \(process \d+\)/);
      expect(await select(second, "select 1 as one")).toEqual([{ one: 1 }]);
      await open({ schema: "another" }).session("write", async () => undefined);
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 50);
      const stopped = open({ waitMs: 60_000 }).session("write", async () => undefined, stop.signal);
      expect(await failure(stopped)).toBeInstanceOf(Interrupted);
    });
    await second.session("write", async () => undefined);
  });

  it("calls a deadlock one, and leaves the other program its work", async () => {
    await database.admin(
      "create table a (n int); create table b (n int); insert into a values (1); insert into b values (1)",
    );
    const [left, right] = [open({ schema: "left" }), open({ schema: "right" })];
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    const both = (warehouse: Warehouse, one: string, two: string) =>
      warehouse.session("write", (session) =>
        session.transaction(async () => {
          await session.execute([raw(`update ${one} set n = n + 1`)]);
          waiting += 1;
          if (waiting === 2) gate.resolve();
          await gate.promise;
          await session.execute([raw(`update ${two} set n = n + 1`)]);
        }),
      );
    const outcomes = await Promise.allSettled([both(left, "a", "b"), both(right, "b", "a")]);
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(failed.map(({ reason }) => (reason as MillraceError).code)).toEqual(["WAREHOUSE_BUSY"]);
    expect(await select(left, "select a.n as a, b.n as b from a, b")).toEqual([{ a: 2, b: 2 }]);
  });

  it("does not commit a transaction whose failure was swallowed", async () => {
    const warehouse = open();
    const swallowed = warehouse.session("write", (session) =>
      session.transaction(async () => {
        await session.execute([sql`insert into target values (9)`]);
        await session.execute([sql`select * from not_there`]).catch(() => undefined);
      }),
    );
    expect(await failure(swallowed)).toMatchObject({ code: "CONTRACT" });
    expect(await select(warehouse, "select count(*) as n from target")).toEqual([{ n: 0 }]);
  });

  it("drops its own temporary table, never a table of that name", async () => {
    await database.admin("create table millrace_diff (n int)");
    const warehouse = open();
    await warehouse.session("write", async (session) => {
      const { dialect } = session;
      await session.execute([
        dialect.dropTemporary(raw("millrace_diff")),
        sql`create temporary table millrace_diff (x int)`,
        dialect.dropTemporary(raw("millrace_diff")),
      ]);
    });
    expect(await select(warehouse, "select count(*) as n from public.millrace_diff")).toEqual([{ n: 0 }]);
  });

  it("reads without the right to write", async () => {
    const refused = await failure(
      open().session("read", (session) => session.execute([sql`insert into target values (1)`])),
    );
    expect(refused).toBeInstanceOf(WarehouseFailed);
    expect(await failure(select(open(), "select * from nowhere.t"))).toBeInstanceOf(RelationMissing);
  });

  it("works as the same whatever the database's own settings say", async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.admin(`alter database ${name} set timezone = 'Asia/Tokyo'; alter database ${name} set datestyle = 'German';
      alter database ${name} set bytea_output = 'escape'; alter database ${name} set extra_float_digits = -5; alter database ${name} set standard_conforming_strings = off;
      alter database ${name} set intervalstyle = 'iso_8601'`);
    const warehouse = open();
    const statement = raw(
      `select date '2024-02-29' as d, timestamptz '2024-01-01 00:00:00Z' as t, 1::float8/3 as f, '\\x00'::bytea as b, interval '2 days' as i, '\\' as s`,
    );
    const expected = { d: "2024-02-29", t: "2024-01-01T00:00:00.000000Z", f: 1 / 3, b: "AA==", i: "2 days", s: "\\" };
    expect(await warehouse.session("read", (session) => session.query(statement, cells))).toEqual([expected]);
    const streamed: unknown[] = [];
    await warehouse.session("read", async (session) => {
      for await (const page of session.stream(statement, 10)) streamed.push(...page);
    });
    expect(streamed).toEqual([Object.values(expected)]);
  });
});
