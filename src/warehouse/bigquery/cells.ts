import { z } from "zod";
import { parseExactly } from "../../core/exact-json.ts";
import type { Value } from "../../core/value.ts";

/** A column of an answer, or of a table, as the API describes it. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly mode?: string | undefined;
  readonly precision?: string | undefined;
  readonly scale?: string | undefined;
  readonly fields?: readonly Field[] | undefined;
}

export const fieldSchema: z.ZodType<Field> = z.lazy(() =>
  z.object({
    name: z.string(),
    type: z.string(),
    mode: z.string().optional(),
    precision: z.string().optional(),
    scale: z.string().optional(),
    fields: z.array(fieldSchema).optional(),
  }),
);

/** As rows arrive: cells under `v`, the cells of a STRUCT under `f`. */
export type ApiCell =
  | string
  | null
  | readonly { readonly v: ApiCell }[]
  | { readonly f: readonly { readonly v: ApiCell }[] };
export interface ApiRow {
  readonly f: readonly { readonly v: ApiCell }[];
}

type Reader = (cell: ApiCell) => Value;

/** Microseconds since 1970 as ISO 8601: `useInt64Timestamp` is asked for, because floats end at milliseconds. */
function instant(text: string): string {
  const micros = BigInt(text);
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((micros - rest) / 1_000n)).toISOString().slice(0, 19);
  return `${seconds}.${rest.toString().padStart(6, "0")}Z`;
}

/** "2024-01-02T03:04:05.5", a DATETIME, is taken for UTC. */
function datetime(text: string): string {
  const [seconds = "", fraction = ""] = text.replace(" ", "T").split(".");
  return `${seconds}.${fraction.padEnd(6, "0")}Z`;
}

function integer(text: string): Value {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

function float(text: string): Value {
  const value = Number(text);
  if (!Number.isFinite(value)) return null;
  return value === 0 ? 0 : value;
}

const decimal = (text: string): Value => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

const READERS: { readonly [type: string]: (text: string) => Value } = {
  INTEGER: integer,
  INT64: integer,
  FLOAT: float,
  FLOAT64: float,
  NUMERIC: decimal,
  BIGNUMERIC: decimal,
  BOOLEAN: (text) => text === "true",
  BOOL: (text) => text === "true",
  TIMESTAMP: instant,
  DATETIME: datetime,
  JSON: parseExactly,
};

function scalar(field: Field): Reader {
  const { fields = [] } = field;
  if (field.type === "RECORD" || field.type === "STRUCT") {
    const readers = fields.map((inner) => [inner.name, readerFor(inner)] as const);
    return (cell) =>
      typeof cell === "object" && cell !== null && "f" in cell
        ? Object.fromEntries(readers.map(([name, read], i) => [name, read(cell.f[i]?.v ?? null)]))
        : null;
  }
  const read = READERS[field.type];
  return (cell) => (typeof cell !== "string" ? null : read === undefined ? cell : read(cell));
}

/** How to read a column's cells. Bytes are base64 already; types that JSON does not have are their text. */
export function readerFor(field: Field): Reader {
  const one = scalar(field);
  if (field.mode !== "REPEATED") return one;
  return (cell) => (Array.isArray(cell) ? cell.map(({ v }: { v: ApiCell }) => one(v)) : []);
}

/** "NUMERIC(10, 2)", "ARRAY<STRUCT<a INT64>>": as DDL writes the type. */
export function nativeTypeOf(field: Field): string {
  const { fields = [], precision, scale } = field;
  const digits = precision === undefined ? "" : `(${precision}${scale === undefined ? "" : `, ${scale}`})`;
  const inner = fields.map((part) => `${part.name} ${nativeTypeOf(part)}`).join(", ");
  const type = field.type === "RECORD" || field.type === "STRUCT" ? `STRUCT<${inner}>` : `${field.type}${digits}`;
  return field.mode === "REPEATED" ? `ARRAY<${type}>` : type;
}
