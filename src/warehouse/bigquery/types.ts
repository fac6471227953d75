import type { ColumnType } from "../../core/relation.ts";

/** What an expression can do, finer than ColumnType where BigQuery's functions differ. */
export type Kind =
  | "text"
  | "int"
  | "decimal"
  | "float"
  | "bool"
  | "date"
  /** DATETIME: no zone, taken for UTC. */
  | "timestamp"
  /** TIMESTAMP: an instant. */
  | "timestamptz"
  | "json"
  /** ARRAY and STRUCT: JSON once they leave. */
  | "nested"
  | "bytes"
  | "geography"
  /** TIME, INTERVAL, RANGE: their text is their value. */
  | "other";

/** As the API names them, and as DDL does. https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types */
const KINDS: { readonly [native: string]: Kind } = {
  STRING: "text",
  INT64: "int",
  INTEGER: "int",
  NUMERIC: "decimal",
  BIGNUMERIC: "decimal",
  FLOAT64: "float",
  FLOAT: "float",
  BOOL: "bool",
  BOOLEAN: "bool",
  DATE: "date",
  DATETIME: "timestamp",
  TIMESTAMP: "timestamptz",
  JSON: "json",
  BYTES: "bytes",
  GEOGRAPHY: "geography",
};

const TYPES: { readonly [kind in Kind]: ColumnType } = {
  text: "text",
  int: "int",
  decimal: "decimal",
  float: "float",
  bool: "bool",
  date: "date",
  timestamp: "timestamp",
  timestamptz: "timestamp",
  json: "json",
  nested: "json",
  bytes: "bytes",
  geography: "text",
  other: "text",
};

export function kindOf(nativeType: string): Kind {
  const native = nativeType.toUpperCase();
  if (/^(ARRAY|STRUCT|RECORD)\b/.test(native)) return "nested";
  // "NUMERIC(38, 9)", "STRING(30)"
  const bare = native.replace(/\(.*$/, "").trim();
  return Object.hasOwn(KINDS, bare) ? (KINDS[bare] ?? "other") : "other";
}

export const typeOf = (nativeType: string): ColumnType => TYPES[kindOf(nativeType)];
