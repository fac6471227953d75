import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  HUGEINT,
  VARCHAR,
} from "@duckdb/node-api";
import { ColumnMissing, ContractError } from "../../core/errors.ts";
import type { Column, ColumnType, Relation } from "../../core/relation.ts";
import type { Row, Value } from "../../core/value.ts";
import type { SourceColumn } from "../dialect.ts";
import { mapError } from "./errors.ts";

/** DuckDB's vectors hold 2,048 rows; the appender takes no more at once. https://duckdb.org/docs/stable/internals/vector */
const CHUNK_ROWS = 2048;

const asText = (value: Value): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

/** The appender casts what we hand it to the column's own type, so one carrier per ColumnType is enough. */
const CARRIERS: {
  readonly [type in ColumnType]: { readonly type: DuckDBType; readonly carry: (value: Value) => DuckDBValue };
} = {
  text: { type: VARCHAR, carry: asText },
  int: { type: BIGINT, carry: (value) => BigInt(asText(value)) },
  float: { type: DOUBLE, carry: Number },
  decimal: { type: VARCHAR, carry: asText },
  bool: { type: BOOLEAN, carry: (value) => value === true || value === "true" },
  date: { type: VARCHAR, carry: asText },
  timestamp: { type: VARCHAR, carry: asText },
  json: { type: VARCHAR, carry: (value) => JSON.stringify(value) },
  bytes: { type: BLOB, carry: (value) => new DuckDBBlobValue(Buffer.from(asText(value), "base64")) },
};

interface Slot {
  /** The column in the rows; null: not loaded, stays NULL. */
  readonly column: Column | null;
  readonly type: DuckDBType;
  readonly carry: (value: Value) => DuckDBValue;
}

function slotFor(target: SourceColumn, columns: readonly Column[]): Slot {
  const column = columns.find(({ name }) => name === target.name) ?? null;
  if (column === null) return { column, type: VARCHAR, carry: () => null };
  const carrier = CARRIERS[column.type];
  return column.type === "int" && /HUGEINT/.test(target.nativeType)
    ? { column, ...carrier, type: HUGEINT }
    : { column, ...carrier };
}

function slotsFor(ref: Relation, target: readonly SourceColumn[], columns: readonly Column[]): readonly Slot[] {
  for (const { name } of columns) {
    if (target.some((column) => column.name === name)) continue;
    throw new ColumnMissing(`The table ${ref.schema}.${ref.name} has no column ${name} to load into.`, {
      hint: "The table is of another version: run the migrations, or drop it and let Millrace make it again.",
      context: { column: name, relation: `${ref.schema}.${ref.name}` },
    });
  }
  return target.map((column) => slotFor(column, columns));
}

function carryAll(slot: Slot, rows: readonly Row[]): DuckDBValue[] {
  const { column, carry } = slot;
  if (column === null) return rows.map(() => null);
  return rows.map((row) => {
    const value = row[column.name];
    if (value === undefined || value === null) return null;
    try {
      return carry(value);
    } catch {
      throw new ContractError(`A value loaded into ${column.name} is not of type ${column.type}.`, {
        hint: "Report this as a defect.",
      });
    }
  });
}

/** Only the engine's errors are ours to word; those of the source of the pages pass as they are. */
function engine(work: () => void): void {
  try {
    work();
  } catch (cause) {
    throw mapError(cause);
  }
}

/** Appends rows through DuckDB's appender, in the connection's transaction. Columns that are not named become NULL. */
export async function appendPages(
  connection: DuckDBConnection,
  ref: Relation,
  target: readonly SourceColumn[],
  columns: readonly Column[],
  pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  signal?: AbortSignal,
): Promise<number> {
  const slots = slotsFor(ref, target, columns);
  // With its catalog, because DuckDB writes the name out again when it flushes.
  const appender = await connection.createAppender(ref.name, ref.schema, ref.database ?? null);
  let loaded = 0;
  try {
    for await (const page of pages) {
      signal?.throwIfAborted();
      for (let from = 0; from < page.length; from += CHUNK_ROWS) {
        const rows = page.slice(from, from + CHUNK_ROWS);
        const chunk = DuckDBDataChunk.create(
          slots.map(({ type }) => type),
          rows.length,
        );
        for (const [i, slot] of slots.entries()) chunk.setColumnValues(i, carryAll(slot, rows));
        engine(() => appender.appendDataChunk(chunk));
        loaded += rows.length;
      }
    }
    engine(() => appender.flushSync());
    return loaded;
  } catch (error) {
    appender.clear();
    throw error;
  } finally {
    appender.closeSync();
  }
}
