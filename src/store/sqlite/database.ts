import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../core/clock.ts";
import { StoreFailed } from "../../core/errors.ts";
import { restore, storeFailure } from "./failures.ts";
import { groupCommit } from "./group-commit.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";

/** How long a write waits for another process's write; those take milliseconds. */
const BUSY_MS = 5_000;

export type SqlRow = Record<string, SQLOutputValue>;

/** The open file. `get`, `all` and `run` are synchronous and only called inside `read` or `write`. */
export interface Database {
  readonly path: string;
  readonly clock: Clock;
  /** Runs in a transaction shared with the other writes of this turn; resolves when it is on disk. */
  write<T>(work: () => T): Promise<T>;
  read<T>(work: () => T): Promise<T>;
  get(sql: string, ...values: SQLInputValue[]): SqlRow | undefined;
  all(sql: string, ...values: SQLInputValue[]): SqlRow[];
  /** Rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** Commits what is waiting, then lets go of the file. Closing twice is closing once. */
  close(): Promise<void>;
}

/** Opens or creates the file, with its folder, and brings its schema up to date. Throws StoreFailed naming file and mend. */
export async function openDatabase(path: string, clock: Clock): Promise<Database> {
  let db: DatabaseSync | null = null;
  try {
    await mkdir(dirname(path), { recursive: true });
    db = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
    assertOurs(db, path);
    await useWal(db, path);
    await assertWhole(db, path);
    // FULL: a commit is on disk before its promise resolves, also when the machine loses power.
    db.exec("pragma synchronous = full");
    migrate(db, path, MIGRATIONS);
  } catch (error) {
    db?.close();
    throw storeFailure(error, path);
  }
  return handle(db, path, clock);
}

function handle(db: DatabaseSync, path: string, clock: Clock): Database {
  const commits = groupCommit(db, path);
  const statements = new Map<string, StatementSync>();
  function prepared(sql: string): StatementSync {
    const known = statements.get(sql);
    if (known) return known;
    const statement = db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }
  return {
    path,
    clock,
    write: commits.write,
    async read(work) {
      try {
        return work();
      } catch (error) {
        throw storeFailure(error, path);
      }
    },
    get: (sql, ...values) => prepared(sql).get(...values),
    all: (sql, ...values) => prepared(sql).all(...values),
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    async close() {
      if (!db.isOpen) return;
      commits.flush();
      db.close();
    },
  };
}

/** Refuses a SQLite file that some other program made. */
function assertOurs(db: DatabaseSync, path: string): void {
  const id = pragma(db, "application_id");
  if (id === APPLICATION_ID) return;
  const tables = db.prepare("select count(*) as n from sqlite_schema").get()?.n;
  if (id === 0 && tables === 0) return;
  throw new StoreFailed(`The file ${path} is a database of another program, not a control store.`, {
    hint: "Set another `store:` in millrace.yml; Millrace makes the file itself.",
  });
}

/**
 * SQLite notices a file that lost whole pages, and damaged pages when it reads them, but fills up a last page that was cut short.
 * Where no write is under way every page is whole, so such a file was cut. Else the full check decides: it reads the whole file
 * (1–2 ms per MB), hence only then.
 */
async function assertWhole(db: DatabaseSync, path: string): Promise<void> {
  const pageBytes = Number(db.prepare("pragma page_size").get()?.page_size);
  const endsInPage = async () => (await stat(path)).size % pageBytes !== 0;
  if (!(await endsInPage())) return;
  const log = await stat(`${path}-wal`).catch(() => null);
  const quiet = (log === null || log.size === 0) && (await endsInPage());
  if (!quiet && db.prepare("pragma quick_check(1)").get()?.quick_check === "ok") return;
  throw new StoreFailed(`The control store ${path} is damaged: its end is missing.`, { hint: restore(path) });
}

/** Turning WAL on needs the file alone for a moment, and SQLite does not wait for that by itself when two processes create it. */
async function useWal(db: DatabaseSync, path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const mode = db.prepare("pragma journal_mode = wal").get()?.journal_mode;
      if (mode === "wal") return;
      throw new StoreFailed(`The file system of ${path} does not support SQLite's write-ahead log.`, {
        hint: "Put the store on a local disk: set `store:` in millrace.yml.",
      });
    } catch (error) {
      const busy = error instanceof Error && "errcode" in error && error.errcode === 5;
      if (!busy || tries > BUSY_MS / 20) throw error;
      await delay(20);
    }
  }
}

/** Applies the steps the file has not seen, each with its version number in one transaction. Safe when two processes open at once. */
export function migrate(db: DatabaseSync, path: string, migrations: readonly string[]): void {
  const found = pragma(db, "user_version");
  if (found > migrations.length) {
    throw new StoreFailed(
      `The control store ${path} has schema version ${found}; this Millrace knows ${migrations.length}.`,
      { hint: "A newer Millrace wrote it: run that version (or a newer one), or set another `store:`." },
    );
  }
  for (const [i, step] of migrations.entries()) {
    if (i < found) continue;
    db.exec("begin immediate");
    try {
      if (pragma(db, "user_version") === i) {
        db.exec(step);
        db.exec(`pragma user_version = ${i + 1}; pragma application_id = ${APPLICATION_ID}`);
      }
      db.exec("commit");
    } catch (error) {
      if (db.isTransaction) db.exec("rollback");
      throw error;
    }
  }
}

const pragma = (db: DatabaseSync, name: "user_version" | "application_id"): number =>
  Number(db.prepare(`pragma ${name}`).get()?.[name]);
