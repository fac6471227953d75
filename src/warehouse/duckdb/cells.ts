import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  type DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  type DuckDBResult,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionValue,
  type DuckDBValue,
  DuckDBVariantValue,
} from "@duckdb/node-api";
import { parseExactly } from "../../core/exact-json.ts";
import type { Value } from "../../core/value.ts";

/** "2024-01-02 03:04:05.12+00" → "2024-01-02T03:04:05.120000Z"; infinities have no instant. */
function instant(text: string): string | null {
  const found = /^(\S+) (\d\d:\d\d:\d\d)(?:\.(\d+))?/.exec(text);
  return found ? `${found[1]}T${found[2]}.${(found[3] ?? "").padEnd(6, "0").slice(0, 6)}Z` : null;
}

const integer = (value: bigint): Value =>
  value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value.toString();

/** The shortest decimal that is this 32-bit float: 0.1, not 0.10000000149011612. */
function shortFloat(value: number): Value {
  if (!Number.isFinite(value)) return null;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

const decimal = (value: DuckDBDecimalValue): string => {
  const text = value.toString();
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
};

function parseJson(text: string): Value {
  try {
    return parseExactly(text);
  } catch {
    // DuckDB takes JSON that JavaScript does not (NaN, a trailing comma): its text is still the value.
    return text;
  }
}

function nested(value: DuckDBValue): Value {
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(cell);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, entry]) => [name, cell(entry)]));
  }
  if (value instanceof DuckDBMapValue) {
    return Object.fromEntries(value.entries.map(({ key, value: entry }) => [String(cell(key)), cell(entry)]));
  }
  if (value instanceof DuckDBUnionValue) return cell(value.value);
  if (value instanceof DuckDBVariantValue) return cell(value.value);
  return String(value);
}

function cell(value: DuckDBValue): Value {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return integer(value);
  if (value instanceof DuckDBDecimalValue) return decimal(value);
  if (value instanceof DuckDBDateValue) return value.isFinite ? value.toString() : null;
  if (
    value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBTimestampTZValue ||
    value instanceof DuckDBTimestampSecondsValue ||
    value instanceof DuckDBTimestampMillisecondsValue ||
    value instanceof DuckDBTimestampNanosecondsValue
  ) {
    return instant(value.toString());
  }
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString("base64");
  return nested(value);
}

type Reader = (value: DuckDBValue) => Value;

function readerFor(type: DuckDBType): Reader {
  if (type.alias === "JSON") return (value) => (typeof value === "string" ? parseJson(value) : null);
  if (type.typeId === DuckDBTypeId.FLOAT) return (value) => (typeof value === "number" ? shortFloat(value) : null);
  return cell;
}

/** One reader per column; `null` where DuckDB's value is already ours, as for text: the hot path. */
export const readersFor = (result: DuckDBResult): readonly (Reader | null)[] =>
  result.columnTypes().map((type) => {
    const plain =
      type.alias === undefined && (type.typeId === DuckDBTypeId.VARCHAR || type.typeId === DuckDBTypeId.BOOLEAN);
    return plain ? null : readerFor(type);
  });

/** Appends a chunk's rows as arrays of cells. */
export function appendRows(rows: Value[][], chunk: DuckDBDataChunk, readers: readonly (Reader | null)[]): void {
  const count = chunk.rowCount;
  const first = rows.length;
  for (let i = 0; i < count; i++) rows.push(new Array<Value>(readers.length).fill(null));
  for (const [c, reader] of readers.entries()) {
    const vector = chunk.getColumnVector(c);
    for (let i = 0; i < count; i++) {
      const row = rows[first + i];
      const value = vector.getItem(i) as DuckDBValue;
      if (row) row[c] = reader === null ? (value as Value) : reader(value);
    }
  }
}
