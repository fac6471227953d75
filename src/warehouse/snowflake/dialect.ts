import { ConfigError } from "../../core/errors.ts";
import type { ColumnType, Relation } from "../../core/relation.ts";
import type { Dialect } from "../dialect.ts";
import { join, raw, type Sql, sql } from "../sql.ts";
import { castOf, roundedFloat, TEXT_SCALE } from "./cast.ts";
import { textOf } from "./expressions.ts";
import { FAST_HASH, fastHash, stableHash } from "./fingerprint.ts";
import { decimalJson, floatJson, jsonObjectOf, jsonOf } from "./json.ts";
import { textLiteral } from "./literals.ts";
import { catalogName } from "./names.ts";
import { kindOf, numberDigits } from "./types.ts";

const TYPE_NAMES: { readonly [type in ColumnType]: string } = {
  text: "varchar",
  int: "bigint",
  float: "double",
  decimal: "number(38, 9)",
  bool: "boolean",
  date: "date",
  // An instant, shown to everybody in their own session's zone.
  timestamp: "timestamp_ltz",
  json: "variant",
  bytes: "binary",
};

/** https://docs.snowflake.com/en/sql-reference/identifiers */
const MAX_IDENTIFIER = 255;

/** Stands for the session's current schema: temporary tables are named without one. */
export const TEMPORARY_SCHEMA = "@session";

function ident(name: string): Sql {
  const exact = catalogName(name);
  const fault =
    exact === ""
      ? "A name is empty."
      : exact.includes("\u0000")
        ? "A name holds a NUL character."
        : exact.length > MAX_IDENTIFIER
          ? `The name ${name} is longer than ${MAX_IDENTIFIER} characters.`
          : null;
  if (fault !== null) {
    throw new ConfigError(fault, { hint: "Give the table or column a name that Snowflake can hold." });
  }
  return raw(`"${exact.replaceAll('"', '""')}"`);
}

const relation = ({ database, schema, name }: Relation): Sql =>
  schema === TEMPORARY_SCHEMA
    ? ident(name)
    : join([...(database === undefined ? [] : [ident(database)]), ident(schema), ident(name)], ".");

export interface SnowflakeDialectOptions {
  /** Millrace's own schema is made as a transient one: none of its tables has a Fail-safe, which is paid for. */
  readonly transient?: boolean;
}

/** Digits after the point of a number that `tryCast` or `round` made, or that it is a float. */
type Scale = number | "float";

/** How Snowflake spells what Millrace says. */
export function createSnowflakeDialect({ transient = false }: SnowflakeDialectOptions = {}): Dialect {
  // `json` of a cast must know what the cast became: asking the server for each row's type would double every expression.
  const scales = new WeakMap<Sql, Scale>();
  const scaled = (expression: Sql, scale: Scale): Sql => {
    scales.set(expression, scale);
    return expression;
  };
  const numberJson = (x: Sql): Sql => {
    const scale = scales.get(x) ?? TEXT_SCALE;
    return scale === "float" ? floatJson(x) : decimalJson(x, scale);
  };
  const scaleOf = (nativeType: string): Scale => {
    const kind = kindOf(nativeType);
    if (kind === "float") return "float";
    if (kind === "smallint" || kind === "int" || kind === "bool") return 0;
    return kind === "decimal" ? numberDigits(nativeType).scale : TEXT_SCALE;
  };
  return {
    name: "snowflake",
    fingerprintEngine: FAST_HASH,
    traits: { transactionalDdl: false, singleWriterFile: false, readsWholeRows: false, maxIdentifier: MAX_IDENTIFIER },
    ident,
    relation,
    temporary: (name) => ({ schema: TEMPORARY_SCHEMA, name }),
    dropTemporary: (table) => sql`drop table if exists ${table}`,
    typeName: (type) => raw(TYPE_NAMES[type]),
    createSchema: (name) => sql`create ${raw(transient ? "transient schema" : "schema")} if not exists ${ident(name)}`,
    // Sorted, so that a page of a plan is a few micro-partitions and not all of them.
    replaceTable: (table, query, readBy) => [
      sql`create or replace transient table ${relation(table)} data_retention_time_in_days = 0 as
        select * from (${query}) order by ${ident(readBy)}`,
    ],
    layout: () => raw(""),
    // In whole: a bare name would be of the session's own schema, and the table would move there.
    // https://docs.snowflake.com/en/sql-reference/name-resolution
    renameTable: (table, name) => sql`alter table ${relation(table)} rename to ${relation({ ...table, name })}`,
    statistics: () => [],
    rowValue: (columns) => join(columns),
    joinRanges: (rows, ranges) => sql`${rows} p join ${ranges} r on p.seq between r.from_seq and r.to_seq`,
    anyOrder: raw("order by null"),
    text: (expression, column) => textOf(expression, kindOf(column.nativeType)),
    tryCast(expression, column, type) {
      // A fresh Sql each time: the column itself is not what its scale is said of.
      const cast = sql`${castOf(expression, kindOf(column.nativeType), type)}`;
      return type === "number" ? scaled(cast, scaleOf(column.nativeType)) : cast;
    },
    round(value, column, digits) {
      const scale = scales.get(value) ?? scaleOf(column.nativeType);
      if (scale === "float") return scaled(roundedFloat(value, digits), "float");
      return scaled(sql`round(${value}, ${raw(String(digits))})`, Math.min(scale, digits));
    },
    hashable: (expression, column) =>
      kindOf(column.nativeType) === "geo" || kindOf(column.nativeType) === "other"
        ? textOf(expression, kindOf(column.nativeType))
        : expression,
    json(expression, column) {
      if ("nativeType" in column) {
        const { digits, scale } = numberDigits(column.nativeType);
        return jsonOf(expression, kindOf(column.nativeType), digits, scale);
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
    jsonMember: (json, name) => sql`cast(get(parse_json(${json}), ${textLiteral(name)}) as varchar)`,
    textLiteral,
    jsonLiteral: (value) =>
      value === null ? sql`cast(null as varchar)` : sql`cast(${JSON.stringify(value)} as varchar)`,
    fastFingerprint: fastHash,
    stableFingerprint: stableHash,
    now: () => sql`current_timestamp()`,
  };
}
