import { basename } from "node:path";
import { ConfigError } from "../../core/errors.ts";
import type { ColumnType, Relation } from "../../core/relation.ts";
import type { Dialect, SourceColumn } from "../dialect.ts";
import { join, raw, type Sql, sql } from "../sql.ts";
import { castOf } from "./cast.ts";
import { textOf } from "./expressions.ts";
import { duckDbHash, type FastHash, stableHash } from "./fingerprint.ts";
import { jsonHash, jsonObjectOf, jsonOf, numberJson } from "./json.ts";
import { decimalDigits, kindOf } from "./types.ts";

const TYPE_NAMES: { readonly [type in ColumnType]: string } = {
  text: "varchar",
  int: "bigint",
  float: "double",
  decimal: "decimal(38,9)",
  bool: "boolean",
  date: "date",
  // Without a zone, in UTC: every client reads it without ICU data, and all of Millrace's times are UTC.
  timestamp: "timestamp",
  json: "json",
  bytes: "blob",
};

function ident(name: string): Sql {
  if (name === "" || name.includes("\u0000")) {
    throw new ConfigError(name === "" ? "A name is empty." : "A name holds a NUL character.", {
      hint: "Give the table or column a name that DuckDB can hold.",
    });
  }
  return raw(`"${name.replaceAll('"', '""')}"`);
}

/** A literal cannot hold NUL: DuckDB's parser ends there. */
function textLiteral(value: string): Sql {
  const parts = value.split("\u0000").map((part) => `'${part.replaceAll("'", "''")}'`);
  return raw(parts.length === 1 ? parts.join("") : `(${parts.join(" || chr(0) || ")})`);
}

function jsonOfColumn(expression: Sql, column: SourceColumn): Sql {
  const { width, scale } = decimalDigits(column);
  return jsonOf(expression, kindOf(column.nativeType), width, scale);
}

export interface DuckDbDialectOptions {
  /** Another fast fingerprint than DuckDB's own hash. */
  readonly fastHash?: FastHash;
  /** The file's own catalog, as `catalogOf` names it: a schema of the same name is ambiguous without it. */
  readonly catalog?: string;
}

/** DuckDB names a file's catalog after the file: "w.duckdb" → "w". https://duckdb.org/docs/stable/sql/statements/attach */
export function catalogOf(path: string): string {
  const stem =
    basename(path)
      .split(".")
      .find((part) => part !== "") ?? "";
  return ["main", "temp", "system"].includes(stem) ? `${stem}_db` : stem;
}

/** How DuckDB spells what Millrace says. */
export function createDuckDbDialect({ fastHash = duckDbHash, catalog }: DuckDbDialectOptions = {}): Dialect {
  // Only where it must be said: a view keeps the text it was made of, and would end with the file's name.
  const ambiguous = (schema: string) => catalog !== undefined && schema.toLowerCase() === catalog.toLowerCase();
  const relation = ({ database, schema, name }: Relation): Sql => {
    const root = database ?? (ambiguous(schema) ? catalog : undefined);
    return join([...(root === undefined ? [] : [ident(root)]), ident(schema), ident(name)], ".");
  };
  return {
    name: "duckdb",
    fingerprintEngine: fastHash.name,
    // DuckDB itself has no limit; this keeps generated names readable.
    traits: { transactionalDdl: true, singleWriterFile: true, readsWholeRows: false, maxIdentifier: 255 },
    ident,
    relation,
    temporary: (name) => ({ database: "temp", schema: "main", name }),
    dropTemporary: (table) => sql`drop table if exists temp.main.${table}`,
    typeName: (type) => raw(TYPE_NAMES[type]),
    createSchema: (name) => sql`create schema if not exists ${ident(name)}`,
    replaceTable: (table, query) => [sql`create or replace table ${relation(table)} as ${query}`],
    layout: () => raw(""),
    renameTable: (table, name) => sql`alter table ${relation(table)} rename to ${ident(name)}`,
    statistics: () => [],
    rowValue: (columns) => join(columns),
    // Spread first: DuckDB's join on `between` is quadratic where every row has a range of its own.
    joinRanges: (rows, ranges) =>
      sql`${rows} p join (select *, unnest(range(from_seq, to_seq + 1)) as range_seq from ${ranges}) r on r.range_seq = p.seq`,
    anyOrder: raw(""),
    text: (expression, column) => textOf(expression, kindOf(column.nativeType), decimalDigits(column).scale),
    tryCast: (expression, column, type) => castOf(expression, kindOf(column.nativeType), type),
    round: (value, _column, digits) => sql`round(${value}, ${raw(String(digits))})`,
    hashable(expression, column) {
      const kind = kindOf(column.nativeType);
      if (kind === "json") return jsonHash(expression);
      // To `hash` 30 days are a month: an interval, also one inside a list or struct, is hashed by its text.
      return /INTERVAL/i.test(column.nativeType) ? textOf(expression, kind, decimalDigits(column).scale) : expression;
    },
    json(expression, column) {
      if ("nativeType" in column) return jsonOfColumn(expression, column);
      switch (column.type) {
        case "text":
          return jsonOf(expression, "text");
        case "number":
          return numberJson(expression);
        case "integer":
          return jsonOf(expression, "int");
        case "boolean":
          return jsonOf(expression, "bool");
        case "date":
          return jsonOf(expression, "date");
        case "datetime":
          return jsonOf(expression, "timestamp");
        case "json":
          return expression;
      }
    },
    jsonObject: jsonObjectOf,
    jsonMember: (json, name) =>
      sql`(${json} ->> ${textLiteral(`/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`)})`,
    textLiteral,
    jsonLiteral: (value) =>
      value === null ? sql`cast(null as varchar)` : sql`cast(${JSON.stringify(value)} as varchar)`,
    fastFingerprint: (expressions, salt) => fastHash.of(expressions, salt),
    stableFingerprint: stableHash,
    now: () => sql`(now() at time zone 'UTC')`,
  };
}

export const duckDbDialect: Dialect = createDuckDbDialect();
