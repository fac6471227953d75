import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import { Interrupted, WarehouseBusy, WarehouseFailed } from "../../../src/core/errors.ts";
import { createDuckDbWarehouse } from "../../../src/warehouse/duckdb/index.ts";
import { type Sql, sql } from "../../../src/warehouse/sql.ts";
import type { Session, Warehouse } from "../../../src/warehouse/warehouse.ts";

const cells = z.record(z.string(), z.unknown());

describe("DuckDB's file", () => {
  let folder: string;
  let path: string;
  const children: ChildProcess[] = [];
  const warehouses: Warehouse[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "millrace-file-"));
    path = join(folder, "w.duckdb");
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    for (const warehouse of warehouses.splice(0)) await warehouse.close();
    await rm(folder, { recursive: true });
  });

  function open(waitMs = 10_000, at = path): Warehouse {
    const warehouse = createDuckDbWarehouse({ path: at, clock: systemClock, waitMs, memoryLimit: "256MB", threads: 1 });
    warehouses.push(warehouse);
    return warehouse;
  }

  async function hold(mode: "READ_ONLY" | "READ_WRITE"): Promise<ChildProcess> {
    const child = spawn(process.execPath, [join(import.meta.dirname, "holder.ts"), path, mode], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.push(child);
    await once(child.stdout, "data");
    return child;
  }

  async function letGo(child: ChildProcess): Promise<void> {
    child.stdin?.end();
    await once(child, "exit");
  }

  const run = (warehouse: Warehouse, ...statements: Sql[]) =>
    warehouse.session("write", (session) => session.execute(statements));
  const one = (statement: Sql) => (session: Session) => session.query(statement, cells);

  /** Whether another process could open the file now. */
  async function isFree(): Promise<boolean> {
    const child = spawn(process.execPath, [join(import.meta.dirname, "holder.ts"), path, "READ_WRITE"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.stdin?.end();
    const [code] = await once(child, "exit");
    return code === 0;
  }

  it("is made, with its folder, by the first session, reading ones too", async () => {
    const deep = join(folder, "a", "b", "w.duckdb");
    const warehouse = open(1_000, deep);
    expect(await warehouse.session("read", (session) => session.describe({ schema: "main", name: "t" }))).toBeNull();
    expect(existsSync(deep)).toBe(true);
  });

  it("is free for others between sessions", async () => {
    const warehouse = open();
    await run(warehouse, sql`create table t as select 1 as n`);
    expect(await isFree()).toBe(true);
    expect(await warehouse.session("read", one(sql`select n from held`))).toEqual([{ n: 42 }]);
    await warehouse.close();
    expect(await isFree()).toBe(true);
  });

  it("is let go of soon after the last reader, without closing the warehouse", async () => {
    const warehouse = open();
    await run(warehouse, sql`create table t as select 1 as n`);
    await warehouse.session("read", one(sql`select * from t`));
    await systemClock.sleep(300);
    expect(await isFree()).toBe(true);
  });

  it("is let go of after a stream that was not read to its end, and after a failed statement", async () => {
    const warehouse = open();
    await run(warehouse, sql`create table t as select i as n, md5(cast(i as varchar)) as s from range(500000) x(i)`);
    for (const access of ["read", "write"] as const) {
      await warehouse.session(access, async (session) => {
        for await (const _page of session.stream(sql`select * from t`, 10)) break;
      });
      await expect(
        warehouse.session(access, async (session) => {
          for await (const _page of session.stream(sql`select * from t`, 10)) throw new Error("reader broke");
        }),
      ).rejects.toThrow("reader broke");
      await warehouse.session(access, async (session) => {
        // Left open on purpose: nobody ends this iteration.
        await session.stream(sql`select * from t`, 10)[Symbol.asyncIterator]().next();
      });
      await expect(warehouse.session(access, one(sql`select cast(s as integer) from t`))).rejects.toBeInstanceOf(
        WarehouseFailed,
      );
      await warehouse.handOver(async () => expect(await isFree()).toBe(true));
    }
  });

  it("waits for a process that writes, then has its work", async () => {
    const child = await hold("READ_WRITE");
    const warehouse = open();
    const reading = warehouse.session("read", one(sql`select n from held`));
    const writing = run(warehouse, sql`create table mine as select 1 as n`);
    await letGo(child);
    expect(await reading).toEqual([{ n: 42 }]);
    await writing;
  });

  it("gives up after the wait and names who holds it", async () => {
    const child = await hold("READ_WRITE");
    for (const access of ["read", "write"] as const) {
      const refused = open(60).session(access, one(sql`select 1 as n`));
      await expect(refused).rejects.toBeInstanceOf(WarehouseBusy);
      await expect(refused).rejects.toThrow(`PID ${child.pid}`);
    }
  });

  it("is read beside another process that reads, but not written", async () => {
    await run(open(), sql`create table t as select 1 as n`);
    const child = await hold("READ_ONLY");
    expect(await open(60).session("read", one(sql`select n from t`))).toEqual([{ n: 1 }]);
    await expect(open(60).session("write", one(sql`select 1 as n`))).rejects.toThrow(`PID ${child.pid}`);
  });

  it("stops waiting when the signal aborts", async () => {
    await hold("READ_WRITE");
    const stop = new AbortController();
    const waiting = open(60_000).session("read", one(sql`select 1 as n`), stop.signal);
    setTimeout(() => stop.abort(), 50);
    await expect(waiting).rejects.toBeInstanceOf(Interrupted);
  });

  it("keeps what a killed process had committed", async () => {
    const child = await hold("READ_WRITE");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(`${path}.wal`)).toBe(true);
    expect(await open().session("read", one(sql`select n from held`))).toEqual([{ n: 42 }]);
    await run(open(), sql`create table more as select 1 as n`);
    expect(readdirSync(folder)).toEqual(["w.duckdb"]);
  });

  it("has one writer at a time in this process too, even through two warehouses and two spellings of the path", async () => {
    const first = open();
    const second = open(10_000, join(folder, ".", "x", "..", "w.duckdb"));
    await run(first, sql`create table t (n integer)`);
    let inside = 0;
    const add = (warehouse: Warehouse) =>
      warehouse.session("write", async (session) => {
        expect(++inside).toBe(1);
        await session.execute([sql`insert into t values (1)`]);
        inside -= 1;
      });
    await Promise.all([add(first), add(second), add(first), add(second)]);
    expect(await second.session("read", one(sql`select count(*) as n from t`))).toEqual([{ n: 4 }]);
  });

  it("lets a waiting writer in before readers that came later", async () => {
    const warehouse = open();
    const order: string[] = [];
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const first = warehouse.session("read", async () => {
      begun.resolve();
      await release.promise;
      order.push("reader");
    });
    await begun.promise;
    const writer = warehouse.session("write", async () => {
      order.push("writer");
    });
    const later = warehouse.session("read", async () => {
      order.push("later reader");
    });
    release.resolve();
    await Promise.all([first, writer, later]);
    expect(order).toEqual(["reader", "writer", "later reader"]);
  });

  it("says so when a session waits for another of this process in vain", async () => {
    const warehouse = open(50);
    await warehouse.session("read", async () => {
      await expect(warehouse.session("write", async () => undefined)).rejects.toBeInstanceOf(WarehouseBusy);
    });
    await warehouse.session("write", async () => undefined);
  });

  it("is closed while it is handed over", async () => {
    const warehouse = open();
    await run(warehouse, sql`create table t as select 1 as n`);
    let free = false;
    let reading: Promise<unknown> = Promise.resolve();
    const order: string[] = [];
    await warehouse.handOver(async () => {
      reading = warehouse.session("read", async () => {
        order.push("read");
      });
      free = await isFree();
      order.push("handed over");
    });
    await reading;
    expect(free).toBe(true);
    expect(order).toEqual(["handed over", "read"]);
  });

  it.each([
    [
      "no database",
      async () => writeFile(path, "These are not the bytes you are looking for.".repeat(1000)),
      /not a valid DuckDB|no DuckDB database/,
    ],
    [
      "cut short",
      async () => {
        await run(open(), sql`create table t as select 1 as n`);
        await truncate(path, 9000);
      },
      /damaged/,
    ],
    ["a folder", async () => mkdir(path), /names a folder|folder/],
  ])("is refused with the mend when it is %s", async (_what, spoil, expected) => {
    await spoil();
    for (const access of ["read", "write"] as const) {
      const failed = open(100).session(access, one(sql`select 1 as n`));
      await expect(failed).rejects.toBeInstanceOf(WarehouseFailed);
      await expect(failed.catch((error: WarehouseFailed) => error.hint)).resolves.toMatch(expected);
    }
  });

  it("is not used after close, nor by a session after its end", async () => {
    const warehouse = open();
    const leaked = await warehouse.session("read", async (session) => session);
    await expect(leaked.query(sql`select 1 as n`, cells)).rejects.toThrow(/ended/);
    await warehouse.close();
    await expect(warehouse.session("read", async () => undefined)).rejects.toThrow(/closed/);
  });

  it("refuses a statement in the middle of a stream, which DuckDB would cut off silently", async () => {
    await open().session("read", async (session) => {
      for await (const _page of session.stream(sql`select * from range(100000)`, 10)) {
        await expect(session.query(sql`select 1 as n`, cells)).rejects.toThrow(/stream/);
        break;
      }
      expect(await session.query(sql`select 1 as n`, cells)).toEqual([{ n: 1 }]);
    });
  });

  it.each(["millrace.duckdb", "MillRace.v2.db", "main_db.duckdb", "main.duckdb"])(
    "may be called as the schema in it is: %s",
    async (name) => {
      const warehouse = open(1_000, join(folder, name));
      const { dialect } = warehouse;
      const schema = name.startsWith("main") ? "main_db" : "millrace";
      const table = { schema, name: "t" };
      await run(
        warehouse,
        sql`create schema if not exists ${dialect.ident(schema)}`,
        sql`create table ${dialect.relation(table)} (n bigint)`,
      );
      await warehouse.session("write", (session) => session.load(table, [{ name: "n", type: "int" }], [[{ n: 1 }]]));
      expect(await warehouse.session("read", one(sql`select n from ${dialect.relation(table)}`))).toEqual([{ n: 1 }]);
      expect(await warehouse.session("read", (session) => session.describe(table))).toHaveLength(1);
      expect(await warehouse.session("read", (session) => session.describe({ schema, name: "gone" }))).toBeNull();
    },
  );

  it("does not fetch extensions from the network", async () => {
    const [row] = await open().session(
      "read",
      one(sql`select current_setting('autoinstall_known_extensions') as v, current_setting('TimeZone') as tz`),
    );
    expect(row).toEqual({ v: false, tz: "UTC" });
  });
});
