import { ConfigError } from "../../core/errors.ts";
import type { ColumnType, Relation } from "../../core/relation.ts";
import type { Dialect } from "../dialect.ts";
import { join, raw, type Sql, sql } from "../sql.ts";
import { castOf } from "./cast.ts";
import { textOf } from "./expressions.ts";
import { FAST_HASH, fastHash, stableHash } from "./fingerprint.ts";
import { decimalJson, floatJson, jsonObjectOf, jsonOf, memberOf } from "./json.ts";
import { ident, MAX_IDENTIFIER, quoted, textLiteral } from "./literals.ts";
import { kindOf } from "./types.ts";

/** The dataset of a session's temporary tables. https://cloud.google.com/bigquery/docs/sessions-write-queries */
export const SESSION_DATASET = "_SESSION";

const TYPE_NAMES: { readonly [type in ColumnType]: string } = {
  text: "string",
  int: "int64",
  float: "float64",
  // 29 digits before the point and 9 after it.
  decimal: "numeric",
  bool: "bool",
  date: "date",
  timestamp: "timestamp",
  json: "json",
  bytes: "bytes",
};

const relation = ({ database, schema, name }: Relation): Sql =>
  join([...(database === undefined ? [] : [ident(database)]), ident(schema), tableIdent(name)], ".");

/** Tables have narrower names than columns. https://cloud.google.com/bigquery/docs/tables#table_naming */
function tableIdent(name: string): Sql {
  const quotedName = ident(name);
  if (/[&%=+:'<>#|]/.test(name)) {
    throw new ConfigError(`The name ${name} has a sign that BigQuery allows in no table's name.`, {
      hint: "Give the table a name of letters, digits, spaces, dashes and underscores.",
    });
  }
  return quotedName;
}

/** How BigQuery spells what Millrace says. */
export function createBigQueryDialect(): Dialect {
  /** BigQuery cannot be asked what type a number has, so the dialect remembers which of its own expressions are floats. */
  const floats = new WeakSet<Sql>();
  const remembered = (number: Sql, kind: string): Sql => {
    if (kind === "float") floats.add(number);
    return number;
  };
  return {
    name: "bigquery",
    fingerprintEngine: FAST_HASH,
    traits: { transactionalDdl: false, singleWriterFile: false, readsWholeRows: false, maxIdentifier: MAX_IDENTIFIER },
    ident,
    relation,
    temporary: (name) => ({ schema: SESSION_DATASET, name }),
    dropTemporary: (table) => sql`drop table if exists ${raw(SESSION_DATASET)}.${table}`,
    typeName: (type) => raw(TYPE_NAMES[type]),
    // The session looks before it makes one: CREATE SCHEMA asks for the right to create one even where it exists already.
    createSchema: (name) => sql`create schema if not exists ${ident(name)}`,
    replaceTable: (table, query, readBy) => [
      sql`create or replace table ${relation(table)}
        partition by range_bucket(${ident(readBy)}, generate_array(0, 300000000, 100000)) cluster by ${ident(readBy)} as ${query}`,
    ],
    // A table has 10,000 partitions at most: 27 years of days. https://cloud.google.com/bigquery/quotas#partitioned_tables
    layout: (by) =>
      "days" in by ? sql` partition by timestamp_trunc(${ident(by.days)}, day)` : sql` cluster by ${ident(by.key)}`,
    renameTable: (table, name) => sql`alter table ${relation(table)} rename to ${ident(name)}`,
    statistics: () => [],
    // A subquery of IN has one column: a STRUCT.
    rowValue: (columns) => sql`(${join(columns)})`,
    // Spread first: BigQuery joins by ranges in a cross join. In two steps, for one array ends at 100 MB.
    joinRanges: (rows, ranges) =>
      sql`${rows} p join (select g.*, range_seq from ${ranges} g, unnest(generate_array(g.from_seq, g.to_seq, 100000)) as first_seq,
        unnest(generate_array(first_seq, least(first_seq + 99999, g.to_seq))) as range_seq) r on r.range_seq = p.seq`,
    anyOrder: raw(""),
    text: (expression, column) => textOf(expression, kindOf(column.nativeType)),
    tryCast: (expression, column, type) => {
      const kind = kindOf(column.nativeType);
      return remembered(castOf(expression, kind, type), kind);
    },
    round: (value, column, digits) =>
      remembered(sql`round(${value}, ${raw(String(digits))})`, kindOf(column.nativeType)),
    hashable: (expression, column) => textOf(expression, kindOf(column.nativeType)),
    json(expression, column) {
      if ("nativeType" in column) return jsonOf(expression, kindOf(column.nativeType));
      switch (column.type) {
        case "text":
          return jsonOf(expression, "text");
        case "number":
          return floats.has(expression) ? floatJson(expression) : decimalJson(sql`cast(${expression} as string)`);
        case "integer":
          return decimalJson(sql`cast(${expression} as string)`);
        case "boolean":
          return jsonOf(expression, "bool");
        case "date":
          return jsonOf(expression, "date");
        case "datetime":
          return jsonOf(expression, "timestamptz");
        case "json":
          return expression;
      }
    },
    jsonObject: jsonObjectOf,
    jsonMember: memberOf,
    textLiteral,
    jsonLiteral: (value) => raw(value === null ? "cast(null as string)" : quoted(JSON.stringify(value))),
    fastFingerprint: fastHash,
    stableFingerprint: stableHash,
    now: () => sql`current_timestamp()`,
  };
}
