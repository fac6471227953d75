import type { Column } from "snowflake-sdk";
import { z } from "zod";
import type { Value } from "../../core/value.ts";

type Reader = (cell: unknown) => Value;

/** What the driver makes of a date or timestamp: JavaScript's own Date ends at milliseconds. */
const instant = z.object({ epoch: z.number(), nanos: z.number() });

function partsOf(cell: unknown): z.infer<typeof instant> {
  const call = (name: string): unknown => {
    const method: unknown = Reflect.get(Object(cell), name);
    return typeof method === "function" ? method.call(cell) : undefined;
  };
  return instant.parse({ epoch: call("getEpochSeconds"), nanos: call("getNanoSeconds") });
}

/** "2024-01-02T03:04:05.120000Z" */
function timestamp(cell: unknown): string {
  const { epoch, nanos } = partsOf(cell);
  const seconds = new Date(epoch * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(Math.floor(nanos / 1_000)).padStart(6, "0")}Z`;
}

const date: Reader = (cell) => new Date(partsOf(cell).epoch * 1_000).toISOString().slice(0, 10);

function integer(cell: unknown): Value {
  const value = Number(cell);
  return Number.isSafeInteger(value) ? value : String(cell);
}

function decimal(cell: unknown): Value {
  const text = String(cell);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function float(cell: unknown): Value {
  const value = Number(cell);
  if (!Number.isFinite(value)) return null;
  return value === 0 ? 0 : value;
}

const bytes: Reader = (cell) => (Buffer.isBuffer(cell) ? cell.toString("base64") : String(cell));

const json: Reader = (cell) => cell as Value;

const asIs: Reader = (cell) => (typeof cell === "boolean" ? cell : String(cell));

/** How to read a column's cells, by what the server says of it. */
export function readerFor(column: Column): Reader {
  const read = readerOf(column);
  return (cell) => (cell === null || cell === undefined ? null : read(cell));
}

function readerOf(column: Column): Reader {
  switch (column.getType().toLowerCase()) {
    case "fixed":
      return column.getScale() > 0 ? decimal : integer;
    case "real":
      return float;
    case "date":
      return date;
    case "timestamp_ltz":
    case "timestamp_ntz":
    case "timestamp_tz":
      return timestamp;
    case "variant":
    case "object":
    case "array":
    case "map":
      return json;
    case "binary":
      return bytes;
    default:
      return asIs;
  }
}
