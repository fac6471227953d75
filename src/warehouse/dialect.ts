import type { Column, ColumnType, Relation } from "../core/relation.ts";
import type { FieldType } from "../core/sync.ts";
import type { Sql } from "./sql.ts";

/** A column as an engine describes it: our type for the mapping, the engine's own for what only it knows. */
export interface SourceColumn extends Column {
  /** e.g. "DECIMAL(38,9)", "TIMESTAMP WITH TIME ZONE". */
  readonly nativeType: string;
}

/**
 * How one engine spells what Millrace says. Pure text, no I/O.
 * Every method returns Sql so that user text can only arrive as a bound value or a quoted identifier.
 */
export interface Dialect {
  readonly name: string;
  /** Name and version of the fast fingerprint; when it differs from a ledger row's, the stable one decides once. */
  readonly fingerprintEngine: string;
  readonly traits: {
    /** false: DDL commits by itself, so several tables cannot be swapped in one transaction. */
    readonly transactionalDdl: boolean;
    /** true: one read-write process at a time (DuckDB). */
    readonly singleWriterFile: boolean;
    /** true: a scan reads rows whole, so columns told along cost nothing, and a second scan costs as much as the first. */
    readonly readsWholeRows: boolean;
    /** Longest identifier in characters. */
    readonly maxIdentifier: number;
  };
  /** Quotes one identifier, or throws ConfigError if the engine cannot hold it. */
  ident(name: string): Sql;
  relation(ref: Relation): Sql;
  /** Where a temporary table of this name lives, for `relation` and `Session.load`. */
  temporary(name: string): Relation;
  /** Drops a temporary table, named as statements name it, where it is there; never a table of that name in a schema. */
  dropTemporary(table: Sql): Sql;
  /** The engine's type for one of ours, as in a column definition. */
  typeName(type: ColumnType): Sql;
  /** Makes a schema where it is missing; needs no right to make one where it exists. */
  createSchema(name: string): Sql;
  /** Makes a table, in place of one of that name if there is any, from a query; it will be read by ranges of column `readBy`. */
  replaceTable(table: Relation, query: Sql, readBy: string): readonly Sql[];
  /** What follows a new table's columns, so that reading by a time's days or by a key reads only their part; nothing where the engine needs none. */
  layout(by: { readonly days: string } | { readonly key: string }): Sql;
  /** Gives a table another name in its own schema. */
  renameTable(table: Relation, name: string): Sql;
  /** Tells the planner about a table that was just filled; nothing where engines know by themselves. */
  statistics(table: Sql): readonly Sql[];
  /** What a subquery selects so that a row value can be looked for in it: `(a, b) in (select …)`. */
  rowValue(columns: readonly Sql[]): Sql;
  /** A from item: `rows` as p with `ranges` as r where p.seq lies between r.from_seq and r.to_seq. */
  joinRanges(rows: Sql, ranges: Sql): Sql;
  /** What stands in `row_number() over (…)` where any order will do: nothing, unless the engine insists on one. */
  readonly anyOrder: Sql;
  /** The value as text, the same for ever (dates ISO 8601, timestamps UTC with microseconds, true/false, shortest round-trip floats). NULL stays NULL. */
  text(expression: Sql, column: SourceColumn): Sql;
  /** The value as the field type, NULL where it cannot be. Never fails a statement. */
  tryCast(expression: Sql, column: SourceColumn, type: FieldType): Sql;
  /** A `tryCast` of the column to `number`, rounded half away from zero. */
  round(value: Sql, column: SourceColumn, digits: number): Sql;
  /** The column as `fastFingerprint` can take it: not every type has a hash, and not every hash is of the value. */
  hashable(expression: Sql, column: SourceColumn): Sql;
  /** The value as JSON: numbers beyond ±(2^53−1) or of more than 15 digits as strings, NaN and infinities as null, times ISO 8601 UTC. SQL NULL stays NULL. `type` is that of `tryCast`. */
  json(expression: Sql, column: SourceColumn | { readonly type: FieldType }): Sql;
  /** One JSON text per row from names and JSON expressions; a NULL is kept as null, or its name left out where `skip` is said. */
  jsonObject(entries: readonly (readonly [name: string, json: Sql, nulls?: "write" | "skip"])[]): Sql;
  /** A member of a JSON text's top object as text; NULL where it is missing. */
  jsonMember(json: Sql, name: string): Sql;
  /** A text constant spelled out, for DDL, where engines bind no values. */
  textLiteral(value: string): Sql;
  /** A JSON constant; null is SQL NULL, as in `json`. */
  jsonLiteral(value: import("../core/value.ts").Value): Sql;
  /** 64-bit, the engine's own, as a signed bigint; may change with the engine's version. `salt` distinguishes mappings. */
  fastFingerprint(expressions: readonly Sql[], salt: string): Sql;
  /** Lower-case md5 hex over `text` expressions; NULL ≠ ''; equal rows hash equal on every engine, for ever. */
  stableFingerprint(texts: readonly Sql[], salt: string): Sql;
  /** The current instant in UTC as the engine's timestamp. */
  now(): Sql;
}
