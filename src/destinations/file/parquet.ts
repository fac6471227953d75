import type { DuckDBConnection } from "@duckdb/node-api";
import type { FieldType } from "../../core/sync.ts";
import type { Value } from "../../core/value.ts";
import { flushFile, onDisk, putInPlace } from "./disk.ts";
import type { Part } from "./layout.ts";
import type { FileRow } from "./rows.ts";

export type ColumnTypes = ReadonlyMap<string, FieldType>;

const sqlTypes: Readonly<Record<FieldType, string>> = {
  text: "varchar",
  number: "double",
  integer: "bigint",
  boolean: "boolean",
  date: "date",
  datetime: "timestamptz",
  json: "varchar",
};

/** The reader's buffer is a multiple of this. Source: https://duckdb.org/docs/stable/data/json/loading_json (default 16 MiB). */
const leastObjectBytes = 16 * 1024 * 1024;

/** DuckDB writes the Parquet: it is here already, and reads NDJSON as a stream. */
export async function withDuckDb<T>(work: (db: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "2", memory_limit: "1GB" });
  try {
    const db = await instance.connect();
    try {
      await db.run("set timezone = 'UTC'");
      return await work(db);
    } finally {
      db.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** Types of all columns from all values, so that the files of one run agree; declared types win. */
export async function columnTypes(
  db: DuckDBConnection,
  parts: readonly Part[],
  columns: readonly string[],
  declared: Readonly<Record<string, FieldType>>,
): Promise<ColumnTypes> {
  const open = columns.filter((name) => declared[name] === undefined);
  const types = new Map<string, FieldType>(columns.map((name) => [name, declared[name] ?? "text"]));
  if (open.length === 0 || parts.length === 0) return types;
  const kinds = open.map((name, i) => `list(distinct json_type(${quote(name)})) as "kinds ${i}"`);
  const reader = await db.runAndReadAll(`select ${kinds.join(", ")} from ${source(parts, columns)}`);
  const [row] = reader.getRowsJson();
  for (const [i, name] of open.entries()) types.set(name, widest(row?.[i]));
  return types;
}

/** One Parquet file out of some parts; appears whole or not at all. */
export async function writeParquet(
  db: DuckDBConnection,
  parts: readonly Part[],
  types: ColumnTypes,
  path: string,
): Promise<void> {
  const columns = [...types.keys()];
  const picked = columns.map((name) => {
    const type = types.get(name) ?? "text";
    return `cast(${quote(name)} ->> '$' as ${sqlTypes[type]}) as ${quote(name)}`;
  });
  const empty = columns.map((name) => `cast(null as ${sqlTypes[types.get(name) ?? "text"]}) as ${quote(name)}`);
  const query =
    parts.length === 0
      ? `select ${empty.join(", ")} limit 0`
      : `select ${picked.join(", ")} from ${source(parts, columns)}`;
  const temporary = `${path}.tmp`;
  await onDisk(path, async () => {
    await db.run(`copy (${query}) to ${literal(temporary)} (format parquet, compression zstd)`);
    await flushFile(temporary);
    await putInPlace(temporary, path);
  });
}

/** The first column whose value does not fit its declared type; null if all do. Nothing is turned into NULL silently. */
export function misfit(row: FileRow, declared: Readonly<Record<string, FieldType>>): string | null {
  for (const [name, type] of Object.entries(declared)) {
    const value = row[name] ?? null;
    if (value !== null && !fits(value, type)) return name;
  }
  return null;
}

function fits(value: Value, type: FieldType): boolean {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  switch (type) {
    case "text":
    case "json":
      return true;
    case "boolean":
      return /^(true|false)$/.test(text);
    case "integer":
      return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) && !/^[+-]?0[xob]/i.test(text.trim());
    case "date":
      return /^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text);
    case "datetime":
      return (
        /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text) && isDay(text)
      );
  }
}

/** February 30 is a date to JavaScript's parser, which moves it to March. */
function isDay(text: string): boolean {
  const day = text.slice(0, 10);
  const atMs = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(atMs) && !Number.isNaN(Date.parse(text)) && isoDay(atMs) === day;
}

function isoDay(atMs: number): string {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: "UTC",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  return format.format(atMs).padStart(10, "0");
}

function widest(kinds: unknown): FieldType {
  const found = new Set(
    Array.isArray(kinds) ? kinds.filter((kind) => typeof kind === "string" && kind !== "NULL") : [],
  );
  const all = (...allowed: string[]) => found.size > 0 && [...found].every((kind) => allowed.includes(String(kind)));
  if (all("BOOLEAN")) return "boolean";
  if (all("BIGINT", "UBIGINT")) return "integer";
  if (all("BIGINT", "UBIGINT", "DOUBLE")) return "number";
  return "text";
}

function source(parts: readonly Part[], columns: readonly string[]): string {
  const files = parts.map((part) => literal(part.file)).join(", ");
  const shape = columns.map((name) => `${literal(name)}: 'JSON'`).join(", ");
  const longest = Math.max(leastObjectBytes, ...parts.map((part) => 2 * part.note.longestRowBytes));
  return `read_json([${files}], format = 'newline_delimited', columns = {${shape}}, maximum_object_size = ${longest})`;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
