import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreFailed } from "../../src/core/errors.ts";
import { type GroupCommit, groupCommit } from "../../src/store/sqlite/group-commit.ts";

let folder: string;
let db: DatabaseSync;
let commits: GroupCommit;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-store-"));
  db = new DatabaseSync(join(folder, "store.db"), { timeout: 50 });
  db.exec("pragma journal_mode = wal; create table t (n integer primary key, text text) strict");
  commits = groupCommit(db, "store.db");
});
afterEach(async () => {
  if (db.isOpen) db.close();
  await rm(folder, { recursive: true });
});

const insert = (n: number, text = "") => db.prepare("insert into t values (?, ?)").run(n, text);
const rows = () => Number(db.prepare("select count(*) as n from t").get()?.n);

/** Frames in the log say how often it was committed: a page per commit for such small writes. */
const commitsMade = () => Number(db.prepare("pragma wal_checkpoint(noop)").get()?.log);

describe("group commit", () => {
  it("shares one transaction between the writes of one turn", async () => {
    const before = commitsMade();
    await Promise.all(Array.from({ length: 50 }, (_, n) => commits.write(() => insert(n))));
    expect(commitsMade() - before).toBe(1);
    expect(rows()).toBe(50);
  });

  it("commits again for the writes of a later turn", async () => {
    const before = commitsMade();
    for (let n = 0; n < 5; n++) await commits.write(() => insert(n));
    expect(commitsMade() - before).toBe(5);
  });

  it("resolves with what the write returned, after it can be seen by others", async () => {
    const other = new DatabaseSync(join(folder, "store.db"));
    const value = await commits.write(() => {
      insert(1);
      return "done";
    });
    expect(value).toBe("done");
    expect(other.prepare("select count(*) as n from t").get()?.n).toBe(1);
    other.close();
  });

  it("undoes and rejects a failing write alone, with all it had written", async () => {
    const settled = await Promise.allSettled([
      commits.write(() => insert(1)),
      commits.write(() => {
        insert(2);
        insert(1);
      }),
      commits.write(() => insert(3)),
    ]);
    expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(
      db
        .prepare("select n from t order by n")
        .all()
        .map((row) => row.n),
    ).toEqual([1, 3]);
  });

  it("rejects with StoreFailed when the disk is full, keeps what was there, and goes on when there is room", async () => {
    await commits.write(() => insert(0));
    const pages = Number(db.prepare("pragma page_count").get()?.page_count);
    db.exec(`pragma max_page_count = ${pages}`);
    const settled = await Promise.allSettled([commits.write(() => insert(1, "x".repeat(50_000)))]);
    expect(settled[0]).toMatchObject({
      status: "rejected",
      reason: {
        name: "StoreFailed",
        message: expect.stringContaining("full"),
        hint: expect.stringContaining("resume"),
      },
    });
    expect(rows()).toBe(1);
    db.exec("pragma max_page_count = 100000");
    await commits.write(() => insert(1, "x".repeat(50_000)));
    expect(rows()).toBe(2);
  });

  it("rejects every write with StoreFailed when another process keeps the file locked, and recovers", async () => {
    const other = new DatabaseSync(join(folder, "store.db"));
    other.exec("begin immediate");
    const locked = Promise.allSettled([commits.write(() => insert(1)), commits.write(() => insert(2))]);
    for (const one of await locked) expect(one).toMatchObject({ status: "rejected", reason: expect.any(StoreFailed) });
    other.exec("rollback");
    other.close();
    await commits.write(() => insert(3));
    expect(rows()).toBe(1);
  });

  it("rejects the whole group when a write ends the transaction under it", async () => {
    const settled = await Promise.allSettled([
      commits.write(() => insert(1)),
      commits.write(() => {
        db.exec("rollback");
        throw new Error("gone");
      }),
      commits.write(() => insert(2)),
    ]);
    expect(settled.map((one) => one.status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(rows()).toBe(0);
  });
});
