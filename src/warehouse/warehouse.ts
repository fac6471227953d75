import type { z } from "zod";
import type { Column, Relation } from "../core/relation.ts";
import type { Row, Value } from "../core/value.ts";
import type { Dialect, SourceColumn } from "./dialect.ts";
import type { Sql } from "./sql.ts";

/**
 * The customer's database. All work happens in a session, held for one stage and no longer:
 * on DuckDB readers share the file and a writer has it alone, and between sessions the file is closed.
 */
export interface Warehouse {
  readonly dialect: Dialect;
  /**
   * Runs `work` on one connection. `write` sessions may create temporary tables and wait for readers and writers of this
   * and other processes (WarehouseBusy names the holder after the wait is over). The connection's time zone is UTC.
   */
  session<T>(access: "read" | "write", work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Lets another program (dbt) have the warehouse while `work` runs: DuckDB closes its file, servers just call. */
  handOver<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

export interface Session {
  readonly dialect: Dialect;
  /** All rows, validated. For small answers only. Integers beyond ±(2^53−1) and decimals arrive as strings, timestamps as ISO 8601 UTC text. */
  query<T>(statement: Sql, row: z.ZodType<T>): Promise<T[]>;
  /**
   * Rows as arrays of cells in column order, in pages, in constant memory. Cells as in `query`.
   * The session sends nothing else until the stream is read to its end or left.
   */
  stream(statement: Sql, pageRows: number): AsyncIterable<readonly (readonly Value[])[]>;
  /** A script without an answer. Empty: nothing is sent. */
  execute(statements: readonly Sql[]): Promise<void>;
  /**
   * The statements in order as one script, and the rows of the last as `query` gives them: one request where the engine takes
   * several statements at once, for on a cloud warehouse each costs 0.3 to 2 s. `atomic` makes a part of it all or nothing;
   * after a script that failed no transaction of its own is open. What stood before the failed statement may stay.
   */
  script<T>(statements: readonly Sql[], row: z.ZodType<T>): Promise<T[]>;
  /** All of `work`, or nothing. Does not nest. Its begin goes along with the first statement where the engine takes scripts. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Bulk load, all or nothing; creates nothing: the target must exist. Columns of the target that are not named become NULL.
   * Values are JSON as `query` gives it: bytes as base64, timestamps as ISO 8601. Returns rows loaded.
   */
  load(
    target: Relation,
    columns: readonly Column[],
    pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  ): Promise<number>;
  /** The columns in order, or null if there is no such relation. */
  describe(ref: Relation): Promise<SourceColumn[] | null>;
  /**
   * How many requests this session has made of the engine: the statement budget is a promise. A script that is sent as a
   * whole is one, a load is one; what opens and closes the session is not in it. DuckDB runs in this process and is sent
   * nothing: there every call counts.
   */
  readonly statements: number;
  /** What reading costs, where the engine bills by bytes; left out elsewhere. */
  readonly meter?: Meter;
}

/** Bytes that statements read, of an engine that bills by them. */
export interface Meter {
  /** By this session so far. */
  readonly bytesRead: number;
  /** What a statement would read at most; runs nothing, costs nothing, and is no statement of the budget. */
  wouldRead(statement: Sql): Promise<number>;
}
