import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreFailed } from "../../src/core/errors.ts";
import { migrate } from "../../src/store/sqlite/database.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { MIGRATIONS } from "../../src/store/sqlite/schema.ts";
import { manualClock } from "./manual-clock.ts";
import { sampleSync } from "./sample.ts";

const clock = manualClock("2026-03-01T06:00:10.000Z");
const FIXTURE = new URL("./fixtures/schema-v1.sql", import.meta.url);

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-store-"));
  path = join(folder, "store.db");
});
afterEach(() => rm(folder, { recursive: true }));

const open = () => openSqliteStore({ path, clock });

/** What opening (and, where that succeeds, reading) the store fails with. */
async function failure(): Promise<unknown> {
  try {
    const store = await open();
    try {
      await store.runs({});
      await store.saveTick("vips", clock.now());
    } finally {
      await store.close();
    }
  } catch (error) {
    return error;
  }
  throw new Error("the store opened");
}

/** A store with enough in it to have several pages. */
async function fill(): Promise<void> {
  const store = await open();
  for (let i = 0; i < 200; i++) await store.saveTargetState(`sync-${i}`, "x".repeat(200));
  await store.close();
}

const naming = (file: string, hint: RegExp) =>
  expect.objectContaining({
    name: "StoreFailed",
    message: expect.stringContaining(file),
    hint: expect.stringMatching(hint),
  });

describe("a file that cannot be a store", () => {
  it.each([
    ["text", "this is no database, but it is longer than the sixteen bytes of a header ".repeat(20)],
    ["JSON", JSON.stringify({ runs: Array.from({ length: 500 }, (_, i) => i) })],
  ])("says so when it is %s", async (_, content) => {
    await writeFile(path, content);
    expect(await failure()).toEqual(naming(path, /backup|away/));
    expect(await readFile(path, "utf8")).toBe(content);
  });

  it("says so when another program made it, and leaves it alone", async () => {
    const db = new DatabaseSync(path);
    db.exec("create table orders (id integer)");
    db.close();
    const before = await readFile(path);
    expect(await failure()).toEqual(naming(path, /another `store:`/));
    expect(await readFile(path)).toEqual(before);
  });

  it.each([0.02, 0.3, 0.7, 0.99])("says so when only the first %f of it was written", async (share) => {
    await fill();
    await truncate(path, Math.floor((await stat(path)).size * share));
    expect(await failure()).toEqual(naming(path, /backup|away/));
  });

  it("says so when its pages were overwritten", async () => {
    await fill();
    const bytes = await readFile(path);
    bytes.fill(0xff, 4096);
    await writeFile(path, bytes);
    expect(await failure()).toEqual(naming(path, /backup|away/));
  });

  it("says so when it is a folder", async () => {
    await mkdir(path);
    expect(await failure()).toEqual(naming(path, /another `store:`/));
  });

  it("says so when its folder cannot be made", async () => {
    await writeFile(join(folder, "taken"), "");
    path = join(folder, "taken", "store.db");
    expect(await failure()).toEqual(naming(path, /another `store:`/));
  });

  it("says so when its folder is read-only", async ({ skip }) => {
    skip(process.getuid?.() === 0, "root may write everywhere");
    await chmod(folder, 0o500);
    const error = await failure();
    await chmod(folder, 0o700);
    expect(error).toEqual(naming(path, /writable/));
  });

  it("says so when it is read-only itself", async ({ skip }) => {
    skip(process.getuid?.() === 0, "root may write everywhere");
    await fill();
    await chmod(path, 0o400);
    expect(await failure()).toEqual(naming(path, /writable/));
  });

  it("begins anew where an empty file is", async () => {
    await writeFile(path, "");
    const store = await open();
    expect(store.storeId).toMatch(/^[0-9a-f-]{36}$/);
    await store.close();
  });
});

describe("the log beside the file", () => {
  it("holds what was promised when only the process died: a copy of both opens whole", async () => {
    const store = await open();
    await store.saveTick("vips", clock.now());
    const copy = join(folder, "copy.db");
    await copyFile(path, copy);
    await copyFile(`${path}-wal`, `${copy}-wal`);
    await store.close();
    path = copy;
    const copied = await open();
    expect(await copied.lastTick("vips")).toEqual(clock.now());
    await copied.close();
  });

  it("that was half written loses only its end", async () => {
    const store = await open();
    await store.saveTick("first", clock.now());
    await store.saveTargetState("last", "x".repeat(20_000));
    const copy = join(folder, "copy.db");
    await copyFile(path, copy);
    await copyFile(`${path}-wal`, `${copy}-wal`);
    await store.close();
    await truncate(`${copy}-wal`, (await stat(`${copy}-wal`)).size - 5_000);
    path = copy;
    const copied = await open();
    expect(await copied.lastTick("first")).toEqual(clock.now());
    expect(await copied.targetState("last")).toBeNull();
    await copied.close();
  });
});

describe("schema versions", () => {
  async function fixture(): Promise<void> {
    const db = new DatabaseSync(path);
    db.exec(await readFile(FIXTURE, "utf8"));
    db.close();
  }
  const version = () => {
    const db = new DatabaseSync(path);
    const found = db.prepare("pragma user_version").get()?.user_version;
    db.close();
    return found;
  };

  it("opens a store of version 1 and goes on with its run", async () => {
    await fixture();
    const store = await open();
    expect(store.storeId).toBe("00000000-0000-4000-8000-000000000001");
    expect(await store.warehouseId()).toBe("w1");
    expect((await store.unfinished()).map((run) => run.id)).toEqual(["r1"]);
    expect((await store.run("r1"))?.config).toEqual(sampleSync("vips"));
    expect((await store.run("r1"))?.plan?.total).toBe(30);
    expect((await store.run("r0"))?.error?.code).toBe("DEST_AUTH_FAILED");
    expect((await store.batches("r1")).map((batch) => batch.state)).toEqual(["returned", "pending", "planned"]);
    expect((await store.batches("r1"))[1]?.job).toEqual({ id: "750", phase: "uploaded", data: { part: 1 } });
    expect(await store.targetState("lapsing")).toEqual({ list: "L1" });
    expect(await store.lastSettled("lapsing")).toBe("r-1");

    expect(await store.lease("sync/vips", 60_000, "now")).toBeNull();
    await clock.advance(60_000);
    const lease = await store.lease("sync/vips", 60_000, "now");
    expect(lease?.fence).toBe(2);
    if (!lease) return;
    await store.returned("r1", "b2", [{ fromSeq: 11, toSeq: 20, attempt: 1, status: "accepted" }], lease);
    expect(await store.counts("r1")).toEqual({
      planned: 20,
      delivered: 9,
      accepted: 10,
      rejected: 1,
      retry: 0,
      unknown: 0,
    });
    await store.close();
    expect(version()).toBe(MIGRATIONS.length);
  });

  it("refuses a store that a newer Millrace wrote, and does not touch it", async () => {
    await fixture();
    const db = new DatabaseSync(path);
    db.exec(`pragma user_version = ${MIGRATIONS.length + 1}`);
    db.close();
    expect(await failure()).toEqual(naming(path, /newer Millrace/));
    expect(version()).toBe(MIGRATIONS.length + 1);
  });

  it("applies only the steps a file has not seen, in order", async () => {
    await fixture();
    const db = new DatabaseSync(path);
    const steps = ["alter table syncs add column a text", "update syncs set a = 'moved'"];
    migrate(db, path, [...MIGRATIONS, ...steps]);
    migrate(db, path, [...MIGRATIONS, ...steps]);
    expect(db.prepare("select a from syncs where name = 'lapsing'").get()?.a).toBe("moved");
    expect(db.prepare("pragma user_version").get()?.user_version).toBe(MIGRATIONS.length + 2);
    db.close();
  });

  it("leaves the version before it whole when a step fails", async () => {
    await fixture();
    const db = new DatabaseSync(path);
    const broken = "alter table syncs add column a text; insert into nowhere values (1)";
    expect(() => migrate(db, path, [...MIGRATIONS, broken])).toThrow(/nowhere/);
    expect(db.prepare("pragma user_version").get()?.user_version).toBe(MIGRATIONS.length);
    expect(db.prepare("select count(*) as n from pragma_table_info('syncs') where name = 'a'").get()?.n).toBe(0);
    db.close();
  });
});

it("is a StoreFailed with exit code 1, whatever broke", async () => {
  await writeFile(path, "no database at all, just text that is long enough to be read as a page of one".repeat(50));
  const error = await failure();
  expect(error).toBeInstanceOf(StoreFailed);
  expect(error).toMatchObject({ code: "STORE_FAILED", exitCode: 1, retry: "after-fix" });
});
