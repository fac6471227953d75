import { type Sql, sql } from "../sql.ts";
import type { Kind } from "./types.ts";

/** Any timestamp as TIMESTAMP in UTC with microseconds. */
export const utc = (x: Sql, kind: Kind): Sql =>
  kind === "timestamptz" ? sql`(${x} at time zone 'UTC')` : sql`cast(${x} as timestamp)`;

/** 1.10 → 1.1 and 1.000 → 1: the text does not change when the column's scale does. */
export const decimalText = (x: Sql): Sql => sql`rtrim(rtrim(cast(${x} as varchar), '0'), '.')`;

/** Shortest round trip, and whole numbers without ".0" (which DuckDB writes below 1e16); -0.0 is 0. */
export const floatText = (x: Sql): Sql =>
  sql`case when ${x} = trunc(${x}) and abs(${x}) < 1e16 then cast(try_cast(${x} as bigint) as varchar) else cast(${x} as varchar) end`;

/** JSON text of a list, struct, map or variant, minified. */
const nestedText = (x: Sql): Sql => sql`cast(to_json(${x}) as varchar)`;

export function textOf(x: Sql, kind: Kind, scale = 1): Sql {
  switch (kind) {
    case "text":
      return x;
    case "decimal":
      return scale === 0 ? sql`cast(${x} as varchar)` : decimalText(x);
    case "float":
      return floatText(x);
    case "timestamp":
    case "timestamptz":
      return sql`strftime(${utc(x, kind)}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
    case "nested":
      return nestedText(x);
    case "bytes":
      return sql`base64(${x})`;
    default:
      return sql`cast(${x} as varchar)`;
  }
}
