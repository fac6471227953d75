import type { ColumnType } from "../../core/relation.ts";

/** What an expression can do, finer than ColumnType where Postgres' functions differ. */
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
  /** Arrays: JSON once they leave. */
  | "nested"
  | "bytes"
  /** UUID, ENUM, TIME, INTERVAL, citext, ranges, composites …: their text is their value. */
  | "other";

/** As `format_type` writes them. https://www.postgresql.org/docs/current/datatype.html */
const KINDS: { readonly [native: string]: Kind } = {
  text: "text",
  "character varying": "text",
  varchar: "text",
  smallint: "smallint",
  integer: "smallint",
  bigint: "int",
  numeric: "decimal",
  decimal: "decimal",
  real: "float",
  "double precision": "float",
  boolean: "bool",
  date: "date",
  timestamp: "timestamp",
  "timestamp without time zone": "timestamp",
  "timestamp with time zone": "timestamptz",
  timestamptz: "timestamptz",
  json: "json",
  jsonb: "json",
  bytea: "bytes",
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
  if (nativeType.endsWith("]")) return "nested";
  // "timestamp(3) with time zone", "numeric(38,9)", "character varying(30)"
  const native = nativeType
    .toLowerCase()
    .replace(/\([^)]*\)/, "")
    .trim();
  return Object.hasOwn(KINDS, native) ? (KINDS[native] ?? "other") : "other";
}

export const typeOf = (nativeType: string): ColumnType => TYPES[kindOf(nativeType)];

/** Types whose own hash is of their value: json and geometry have none, an enum's is of its row in a catalog. */
export const hashesByValue = (nativeType: string): boolean => {
  const kind = kindOf(nativeType);
  return kind !== "other" && kind !== "nested" && nativeType !== "json";
};

/** Digits of a numeric; without a limit it holds up to 131,072 before the point. */
export const decimalDigits = (nativeType: string): number => Number(/\((\d+)/.exec(nativeType)?.[1] ?? "131072");
