import { ConfigError } from "../../core/errors.ts";
import type { ColumnType, Relation } from "../../core/relation.ts";
import type { Dialect } from "../dialect.ts";
import { join, raw, type Sql, sql } from "../sql.ts";
import { castOf, rounded } from "./cast.ts";
import { textOf } from "./expressions.ts";
import { FAST_HASH, fastHash, stableHash } from "./fingerprint.ts";
import { jsonObjectOf, jsonOf, jsonValue, numberJson } from "./json.ts";
import { quoted, textLiteral } from "./literals.ts";
import { decimalDigits, hashesByValue, kindOf } from "./types.ts";

const TYPE_NAMES: { readonly [type in ColumnType]: string } = {
  text: "text",
  int: "bigint",
  float: "double precision",
  decimal: "numeric(38,9)",
  bool: "boolean",
  date: "date",
  // With a zone: an instant, shown to everybody in their own time.
  timestamp: "timestamptz",
  json: "jsonb",
  bytes: "bytea",
};

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS: longer names are cut off silently. */
const MAX_IDENTIFIER_BYTES = 63;

function ident(name: string): Sql {
  const fault =
    name === ""
      ? "A name is empty."
      : name.includes("\u0000")
        ? "A name holds a NUL character."
        : Buffer.byteLength(name) > MAX_IDENTIFIER_BYTES
          ? `The name ${name} is longer than ${MAX_IDENTIFIER_BYTES} bytes.`
          : null;
  if (fault !== null) throw new ConfigError(fault, { hint: "Give the table or column a name that Postgres can hold." });
  return raw(`"${name.replaceAll('"', '""')}"`);
}

const relation = ({ database, schema, name }: Relation): Sql =>
  join([...(database === undefined ? [] : [ident(database)]), ident(schema), ident(name)], ".");

export interface PostgresDialectOptions {
  /** Plan tables outside the write-ahead log: quicker to write, gone when the server crashes. */
  readonly unloggedPlans?: boolean;
}

/** How Postgres, from 14 on, spells what Millrace says. */
export function createPostgresDialect({ unloggedPlans = false }: PostgresDialectOptions = {}): Dialect {
  return {
    name: "postgres",
    fingerprintEngine: FAST_HASH,
    traits: {
      transactionalDdl: true,
      singleWriterFile: false,
      readsWholeRows: true,
      maxIdentifier: MAX_IDENTIFIER_BYTES,
    },
    ident,
    relation,
    temporary: (name) => ({ schema: "pg_temp", name }),
    dropTemporary: (table) => sql`drop table if exists pg_temp.${table}`,
    typeName: (type) => raw(TYPE_NAMES[type]),
    // CREATE SCHEMA asks for the right to create one even where it exists already.
    createSchema: (name) => {
      const body = ` begin if to_regnamespace(${quoted(ident(name).text)}) is null then create schema ${ident(name).text}; end if; end `;
      return raw(`do ${quoted(body)}`);
    },
    replaceTable: (table, query, readBy) => [
      sql`drop table if exists ${relation(table)}`,
      sql`create ${raw(unloggedPlans ? "unlogged table" : "table")} ${relation(table)} as ${query}`,
      sql`create index on ${relation(table)} (${ident(readBy)})`,
    ],
    layout: () => raw(""),
    renameTable: (table, name) => sql`alter table ${relation(table)} rename to ${ident(name)}`,
    // Without statistics the planner takes a temporary table for a small one. Autovacuum never sees it.
    statistics: (table) => [sql`analyze ${table}`],
    rowValue: (columns) => join(columns),
    // Postgres joins by ranges in a nested loop; one row per seq joins by hash.
    joinRanges: (rows, ranges) =>
      sql`${rows} p join (select *, generate_series(from_seq, to_seq) as range_seq from ${ranges}) r on r.range_seq = p.seq`,
    anyOrder: raw(""),
    text: (expression, column) => textOf(expression, kindOf(column.nativeType)),
    tryCast: (expression, column, type) => castOf(expression, kindOf(column.nativeType), type),
    round: (value, column, digits) => rounded(value, kindOf(column.nativeType), digits),
    hashable(expression, column) {
      if (column.nativeType === "json") return jsonValue(expression);
      return hashesByValue(column.nativeType) ? expression : sql`cast(${expression} as text)`;
    },
    json(expression, column) {
      if ("nativeType" in column) {
        return jsonOf(expression, kindOf(column.nativeType), decimalDigits(column.nativeType));
      }
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
    jsonMember: (json, name) => sql`(cast(${json} as json) ->> cast(${textLiteral(name)} as text))`,
    textLiteral,
    jsonLiteral: (value) => (value === null ? sql`cast(null as text)` : sql`cast(${JSON.stringify(value)} as text)`),
    fastFingerprint: fastHash,
    stableFingerprint: stableHash,
    now: () => sql`now()`,
  };
}
