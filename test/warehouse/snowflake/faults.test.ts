import { generateKeyPairSync } from "node:crypto";
import { connect as connectTo, createServer, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { GrantMissing, type MillraceError, WarehouseBusy, WarehouseFailed } from "../../../src/core/errors.ts";
import { atomic } from "../../../src/warehouse/script.ts";
import { createSnowflakeWarehouse, type SnowflakeWarehouseOptions } from "../../../src/warehouse/snowflake/index.ts";
import { raw, sql } from "../../../src/warehouse/sql.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { fakesnow, onFakesnow } from "../../support/snowflake/on-fakesnow.ts";

const cells = z.record(z.string(), z.unknown());
const one = (warehouse: Warehouse) =>
  warehouse.session("read", (session) => session.query(sql`select 1 as one`, cells));

/** What went wrong, as a person is told. */
async function failure(work: Promise<unknown>): Promise<MillraceError> {
  const error: unknown = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (error === null) throw new Error("did not fail");
  return error as MillraceError;
}

/** Lets bytes through until it is told to cut. */
async function proxyTo(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connectTo(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async end() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

const pair = (passphrase?: string) =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: {
      type: "pkcs8",
      format: "pem",
      ...(passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase }),
    },
  });

onFakesnow("Snowflake in trouble", () => {
  const server = fakesnow();
  const opened: Warehouse[] = [];
  const open = (options: Partial<SnowflakeWarehouseOptions> = {}): Warehouse => {
    const warehouse = createSnowflakeWarehouse({ ...server().options("faults"), ...options });
    opened.push(warehouse);
    return warehouse;
  };
  afterEach(async () => {
    for (const warehouse of opened.splice(0)) await warehouse.close();
  });

  it("takes another session where an idle one was ended, before anything ran in it", async () => {
    const warehouse = open();
    await one(warehouse);
    await server().endSessions();
    expect(await one(warehouse)).toEqual([{ one: 1 }]);
  });

  it("does not repeat what an ended session may have half done", async () => {
    const warehouse = open();
    const error = await failure(
      warehouse.session("write", async (session) => {
        await session.execute([sql`create or replace table ended (n bigint)`]);
        await session.transaction(async () => {
          await session.execute([sql`insert into ended values (1)`]);
          await server().fault({ match: "select 2", endSession: true });
          await session.query(sql`select 2 as two`, cells);
        });
      }),
    );
    expect(error).toBeInstanceOf(WarehouseFailed);
    expect(error.hint).toContain("millrace resume");
  });

  it("resumes a suspended virtual warehouse and runs the statement again", async () => {
    await server().fault({
      match: "select 3",
      code: "000606",
      sqlState: "57P03",
      message: "No active warehouse selected in the current session.",
    });
    await server().fault({ match: "alter warehouse", code: "003001", message: "Insufficient privileges", times: 0 });
    const warehouse = open();
    const told = await failure(warehouse.session("read", (session) => session.query(sql`select 3 as three`, cells)));
    expect(told.message).toContain("suspended");
    expect(told.hint).toContain("auto_resume");
    expect(told.hint).toContain("USAGE");
    const asked = (await server().log()).map(({ sql: text }) => text);
    expect(asked).toContain('alter warehouse "COMPUTE" resume if suspended');
  });

  it.each([
    [
      "a used-up quota",
      "090073",
      "Warehouse 'COMPUTE' cannot be resumed because resource monitor 'M' has exceeded its quota.",
      WarehouseFailed,
      /quota/,
    ],
    [
      "a lock",
      "000625",
      "Statement '01a' has locked table 'LEDGER' in transaction 1 and this lock has not yet been released.",
      WarehouseBusy,
      /lock/,
    ],
    [
      "a time limit",
      "000630",
      "Statement reached its statement or warehouse timeout of 5 second(s) and was canceled.",
      WarehouseFailed,
      /time limit/,
    ],
    ["an administrator's cancel", "000604", "SQL execution canceled", WarehouseFailed, /cancelled/],
    [
      "a missing right",
      "003001",
      "SQL access control error:\nInsufficient privileges to operate on schema 'MILLRACE'.",
      GrantMissing,
      /MILLRACE/,
    ],
    [
      "a role of somebody else's",
      "003013",
      "SQL access control error:\nRequested role 'MILLRACE' is not assigned to the executing user. Specify another role to activate.",
      GrantMissing,
      /MILLRACE/,
    ],
    [
      "a schema of somebody else's",
      "003041",
      "SQL compilation error:\nSchema 'MILLRACE' already exists, but current role has no privileges on it.",
      GrantMissing,
      /no privileges/,
    ],
    ["an expired OAuth token", "390318", "OAuth access token expired.", WarehouseFailed, /OAuth token/],
  ] as const)("tells %s with its mend, once", async (_, code, message, kind, said) => {
    const warehouse = open();
    await server().fault({ match: "select 4", code, message });
    const error = await failure(warehouse.session("read", (session) => session.query(sql`select 4 as four`, cells)));
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(said);
    expect(error.hint).not.toBe("");
    expect(await one(warehouse)).toEqual([{ one: 1 }]);
  });

  it("never shows the values that Snowflake's sentences quote", async () => {
    const warehouse = open();
    await server().fault({
      match: "select 5",
      code: "100038",
      message: "Numeric value 'ann@example.com' is not recognized",
    });
    await server().fault({
      match: "select 6",
      code: "002262",
      message: "SQL compilation error: something about 'bob@example.com' at \"c@example.com\"",
    });
    for (const n of ["5", "6"]) {
      const error = await failure(
        warehouse.session("read", (session) => session.query(sql`select ${raw(n)} as n`, cells)),
      );
      expect(JSON.stringify([error.message, error.hint, error.context, error.cause])).not.toContain("@example.com");
    }
  });

  it("undoes a transaction whose statements a fault cut short, and a script's", async () => {
    const warehouse = open();
    const count = () =>
      warehouse.session("read", (session) => session.query(sql`select count(*) as n from cutshort`, cells));
    await warehouse.session("write", (session) => session.execute([sql`create or replace table cutshort (n bigint)`]));
    await server().fault({ match: "values \\(2\\)", code: "000604", message: "SQL execution canceled" });
    await failure(
      warehouse.session("write", (session) =>
        session.transaction(async () => {
          await session.execute([sql`insert into cutshort values (1)`]);
          await session.execute([sql`insert into cutshort values (2)`]);
        }),
      ),
    );
    expect(await count()).toEqual([{ n: 0 }]);
    await failure(
      warehouse.session("write", (session) =>
        session.execute(atomic([sql`insert into cutshort values (3)`, sql`insert into cutshort values ('x')`])),
      ),
    );
    expect(await count()).toEqual([{ n: 0 }]);
  });

  it("works in a schema that is there where this role may make none", async () => {
    const warehouse = open();
    await warehouse.session("write", (session) => session.execute([warehouse.dialect.createSchema("given")]));
    const denied = {
      match: "create schema",
      code: "003001",
      message: "SQL access control error:\nInsufficient privileges to operate on database 'FAULTS'.",
    };
    await server().fault(denied);
    await warehouse.session("write", (session) =>
      session.execute([warehouse.dialect.createSchema("given"), sql`create table if not exists given.t (n bigint)`]),
    );
    await server().fault(denied);
    const error = await failure(
      warehouse.session("write", (session) => session.execute([warehouse.dialect.createSchema("nowhere")])),
    );
    expect(error.message).toContain("Insufficient privileges");
  });

  it("does not change rows twice when the connection is cut under a statement", async () => {
    const proxy = await proxyTo(server().url);
    try {
      const warehouse = open({ baseUrl: proxy.url });
      await warehouse.session("write", (session) => session.execute([sql`create or replace table cut (n bigint)`]));
      const slow = sql`insert into cut select count(*) from table(generator(rowcount => 1000000)) a, table(generator(rowcount => 100000)) b`;
      const stop = new AbortController();
      const running = warehouse.session("write", (session) => session.execute([slow]), stop.signal);
      setTimeout(() => proxy.cut(), 300);
      setTimeout(() => stop.abort(), 900);
      await failure(running);
      expect(await warehouse.session("read", (session) => session.query(sql`select n from cut`, cells))).toEqual([]);
    } finally {
      await proxy.end();
    }
  });
});

onFakesnow("logging in to Snowflake", () => {
  const right = pair();
  const locked = pair("open sesame");
  const server = fakesnow({ publicKey: right.publicKey, subject: "FAKESNOW.TESTER", token: "good-token" });
  let opened: Warehouse | null = null;
  afterEach(() => opened?.close());
  const login = (options: Partial<SnowflakeWarehouseOptions>) => {
    const { privateKey: _, ...rest } = server().options("logins");
    opened = createSnowflakeWarehouse({ ...rest, ...options });
    return one(opened);
  };

  it("signs its token with the private key", async () => {
    expect(await login({ privateKey: right.privateKey })).toEqual([{ one: 1 }]);
    expect(await login({ privateKey: right.privateKey.replaceAll("\n", "\\n") })).toEqual([{ one: 1 }]);
  });

  it("is told that another key is not the user's, without the key", async () => {
    const error = await failure(login({ privateKey: pair().privateKey }));
    expect(error.message).toContain("refuses the login");
    expect(JSON.stringify([error.message, error.hint, error.context])).not.toContain("PRIVATE KEY");
  });

  it("opens an encrypted key by its passphrase, and says when it cannot", async () => {
    const wrong = await failure(login({ privateKey: locked.privateKey, privateKeyPassphrase: "open sesame" }));
    expect(wrong.message).toContain("refuses the login");
    expect(() => login({ privateKey: locked.privateKey })).toThrow(/private_key cannot be read/);
    expect(() => login({ privateKey: "no key" })).toThrow(/private_key cannot be read/);
    expect(() => login({})).toThrow(/neither private_key nor oauth_token/);
  });

  it("takes an OAuth token in place of a key, and says when it is not accepted", async () => {
    expect(await login({ oauthToken: "good-token" })).toEqual([{ one: 1 }]);
    const error = await failure(login({ oauthToken: "stale-token" }));
    expect(JSON.stringify([error.message, error.context])).not.toContain("stale-token");
  });

  it("says who it is: query tag, keep-alive, and the settings of every session", async () => {
    await login({ privateKey: right.privateKey, queryTag: "nightly", statementTimeoutMs: 90_000 });
    const log = await server().log();
    const last = log.findLast((entry) => "login" in entry)?.login as { SESSION_PARAMETERS: object };
    expect(last.SESSION_PARAMETERS).toMatchObject({ QUERY_TAG: "nightly", CLIENT_SESSION_KEEP_ALIVE: true });
    const settings = String(log.findLast(({ sql: text }) => String(text).startsWith("alter session"))?.sql);
    expect(settings).toContain("TIMEZONE = 'UTC'");
    expect(settings).toContain("ABORT_DETACHED_QUERY = true");
    expect(settings).toContain("STATEMENT_TIMEOUT_IN_SECONDS = 90");
  });
});

describe("a server that is not there", () => {
  let warehouse: Warehouse;
  beforeAll(() => {
    warehouse = createSnowflakeWarehouse({
      account: "nowhere",
      user: "tester",
      privateKey: pair().privateKey,
      warehouse: "compute",
      database: "db",
      schema: "millrace",
      baseUrl: "http://127.0.0.1:9",
    });
  });
  afterAll(() => warehouse.close());

  it("is told as a connection that cannot be made", async () => {
    const error = await failure(one(warehouse));
    expect(error.message).toContain("cannot be made");
  });
});
