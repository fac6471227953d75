import { z } from "zod";
import type { Column, Relation } from "../../../src/core/relation.ts";
import type { Row } from "../../../src/core/value.ts";
import type { Dialect, SourceColumn } from "../../../src/warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../../../src/warehouse/sql.ts";
import type { Session, Warehouse } from "../../../src/warehouse/warehouse.ts";

/** What one engine brings to the suite. */
export interface WarehouseUnderTest {
  readonly warehouse: Warehouse;
  /** An existing, empty schema. */
  readonly schema: string;
  /** Ends the warehouse and removes what it left. */
  remove(): Promise<void>;
}

export interface WarehouseContract {
  readonly name: string;
  open(): Promise<WarehouseUnderTest>;
  /** A statement that would run for minutes. */
  readonly endless: Sql;
  /** Why the engine cannot hold NUL in text, if it cannot. */
  readonly noNul?: string;
  /** The engine's stand-in is slow: fewer rows in the large stream, fewer draws, a shorter long text. */
  readonly slow?: boolean;
  /** Names with such signs are refused by the dialect, because the engine cannot hold them. */
  readonly cannotName?: RegExp;
  /** Members of JSON objects whose names the engine's stand-in cannot look for. */
  readonly cannotLookFor?: RegExp;
  /** A transaction's writes go along with its commit. */
  readonly keepsWritesBack?: boolean;
}

/** Any row. */
export const cells = z.record(z.string(), z.unknown());

export const N: Column = { name: "n", type: "int" };

/** Texts that have broken somebody's program. */
export const hard: readonly string[] = [
  "O'Brien",
  'a "quoted" word',
  "back\\slash",
  "new\nline\ttab",
  "👩‍👩‍👧‍👦 emoji 😀",
  "שלום עולם",
  "'; drop table people; --",
  "{x} {{ y }} ? $1 :z",
  "é vs e\u0301",
  " lead and trail ",
  "=cmd()",
];

/** One engine, opened, and what the sections do with it. */
export interface Bench {
  readonly contract: WarehouseContract;
  readonly warehouse: Warehouse;
  readonly dialect: Dialect;
  readonly schema: string;
  read<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T>;
  write<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** A name that nothing has yet. */
  fresh(name?: string): Relation;
  create(table: Relation, columns: readonly Column[]): Sql;
  /** A table with these rows. */
  tableOf(columns: readonly Column[], rows: readonly Row[], table?: Relation): Promise<Relation>;
  column(table: Relation, name: string): Promise<SourceColumn>;
  /** All rows of a table, by the column n. */
  all(table: Relation, what?: Sql): Promise<Record<string, unknown>[]>;
}

export function createBench(contract: WarehouseContract, { warehouse, schema }: WarehouseUnderTest): Bench {
  const { dialect } = warehouse;
  let tables = 0;
  const bench: Bench = {
    contract,
    warehouse,
    dialect,
    schema,
    read: (work, signal) => warehouse.session("read", work, signal),
    write: (work, signal) => warehouse.session("write", work, signal),
    fresh: (name = `t${++tables}`) => ({ schema, name }),
    create: (table, columns) =>
      sql`create table ${dialect.relation(table)} (${join(columns.map((c) => sql`${dialect.ident(c.name)} ${dialect.typeName(c.type)}`))})`,
    async tableOf(columns, rows, table = bench.fresh()) {
      await bench.write(async (session) => {
        await session.execute([bench.create(table, columns)]);
        await session.load(table, columns, [rows]);
      });
      return table;
    },
    async column(table, name) {
      const found = (await bench.read((session) => session.describe(table)))?.find((c) => c.name === name);
      if (!found) throw new Error(`no column ${name}`);
      return found;
    },
    all: (table, what = raw("*")) =>
      bench.read((session) =>
        session.query(sql`select ${what} from ${dialect.relation(table)} order by ${dialect.ident("n")}`, cells),
      ),
  };
  return bench;
}
