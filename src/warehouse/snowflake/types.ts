import type { ColumnType } from "../../core/relation.ts";

/** What an expression can do, finer than ColumnType where Snowflake's functions differ. */
export type Kind =
  | "text"
  /** Up to 15 digits: always a safe JSON number. */
  | "smallint"
  | "int"
  | "decimal"
  | "float"
  | "bool"
  | "date"
  | "timestamp"
  /** TIMESTAMP_LTZ and TIMESTAMP_TZ: instants. */
  | "timestamptz"
  /** VARIANT, OBJECT, ARRAY, MAP. */
  | "json"
  | "bytes"
  | "geo"
  /** TIME, UUID, …: their text is their value. */
  | "other";

/** As DESCRIBE TABLE writes them. https://docs.snowflake.com/en/sql-reference/intro-summary-data-types */
const KINDS: { readonly [native: string]: Kind } = {
  VARCHAR: "text",
  CHAR: "text",
  TEXT: "text",
  STRING: "text",
  FLOAT: "float",
  DOUBLE: "float",
  REAL: "float",
  BOOLEAN: "bool",
  DATE: "date",
  TIMESTAMP_NTZ: "timestamp",
  TIMESTAMP_LTZ: "timestamptz",
  TIMESTAMP_TZ: "timestamptz",
  VARIANT: "json",
  OBJECT: "json",
  ARRAY: "json",
  MAP: "json",
  VECTOR: "json",
  BINARY: "bytes",
  GEOGRAPHY: "geo",
  GEOMETRY: "geo",
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
  bytes: "bytes",
  geo: "json",
  other: "text",
};

/** Digits a JSON number may have without a JavaScript reader bending it. */
const SAFE_DIGITS = 15;

export function kindOf(nativeType: string): Kind {
  const name = nativeType.toUpperCase().replace(/\(.*$/s, "").trim();
  if (name === "NUMBER" || name === "DECIMAL" || name === "NUMERIC") {
    const { digits, scale } = numberDigits(nativeType);
    if (scale > 0) return "decimal";
    return digits <= SAFE_DIGITS ? "smallint" : "int";
  }
  if (/^(BIG|SMALL|TINY|BYTE)?INT(EGER)?$/.test(name)) return "int";
  return Object.hasOwn(KINDS, name) ? (KINDS[name] ?? "other") : "other";
}

export const typeOf = (nativeType: string): ColumnType => TYPES[kindOf(nativeType)];

/** NUMBER without digits is NUMBER(38,0). */
export function numberDigits(nativeType: string): { readonly digits: number; readonly scale: number } {
  const found = /\((\d+)(?:,\s*(\d+))?\)/.exec(nativeType);
  return { digits: Number(found?.[1] ?? "38"), scale: Number(found?.[2] ?? "0") };
}
