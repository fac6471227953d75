import type { ColumnType } from "../../core/relation.ts";
import type { SourceColumn } from "../dialect.ts";

/** What an expression can do, finer than ColumnType where DuckDB's functions differ. */
export type Kind =
  | "text"
  /** Up to 32 bits: always a safe JSON number. */
  | "smallint"
  | "int"
  | "decimal"
  | "float"
  | "bool"
  | "date"
  | "timestamp"
  | "timestamptz"
  | "json"
  /** Lists, structs, maps, unions, variants: JSON once they leave. */
  | "nested"
  | "bytes"
  /** UUID, ENUM, TIME, INTERVAL, BIT …: their text is their value. */
  | "other";

/** https://duckdb.org/docs/stable/sql/data_types/overview */
const KINDS: { readonly [native: string]: Kind } = {
  VARCHAR: "text",
  TINYINT: "smallint",
  SMALLINT: "smallint",
  INTEGER: "smallint",
  UTINYINT: "smallint",
  USMALLINT: "smallint",
  UINTEGER: "smallint",
  BIGINT: "int",
  UBIGINT: "int",
  HUGEINT: "int",
  UHUGEINT: "int",
  FLOAT: "float",
  DOUBLE: "float",
  BOOLEAN: "bool",
  DATE: "date",
  TIMESTAMP: "timestamp",
  TIMESTAMP_S: "timestamp",
  TIMESTAMP_MS: "timestamp",
  TIMESTAMP_NS: "timestamp",
  "TIMESTAMP WITH TIME ZONE": "timestamptz",
  JSON: "json",
  VARIANT: "nested",
  BLOB: "bytes",
};

const TYPES: { readonly [kind in Kind]: ColumnType } = {
  text: "text",
  smallint: "int",
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
  other: "text",
};

export function kindOf(nativeType: string): Kind {
  const native = nativeType.toUpperCase();
  if (native.endsWith("]") || /^(STRUCT|MAP|UNION)\b/.test(native)) return "nested";
  if (native.startsWith("DECIMAL")) return "decimal";
  return KINDS[native] ?? "other";
}

export const typeOf = (nativeType: string): ColumnType => TYPES[kindOf(nativeType)];

/** Digits of a DECIMAL; DuckDB's DECIMAL without digits is (18,3). */
export function decimalDigits(column: SourceColumn): { readonly width: number; readonly scale: number } {
  const found = /^DECIMAL\((\d+),\s*(\d+)\)$/i.exec(column.nativeType);
  return found ? { width: Number(found[1]), scale: Number(found[2]) } : { width: 38, scale: 9 };
}
