import { raw, type Sql, sql } from "../sql.ts";
import type { Kind } from "./types.ts";

/**
 * Computes `x` once and lets `work` name it as often as it likes: Postgres evaluates a repeated expression again each time.
 * `offset 0` keeps the planner from writing it back in, and from evaluating a constant's cast before its guard.
 * https://www.postgresql.org/docs/current/queries-with.html (materialised against inlined subqueries)
 */
export const once = (x: Sql, work: (value: Sql) => Sql): Sql =>
  sql`(select ${work(raw("millrace_v.x"))} from (select ${x} as x offset 0) millrace_v)`;

/** Any timestamp as TIMESTAMP in UTC with microseconds. */
export const utc = (x: Sql, kind: Kind): Sql =>
  kind === "timestamptz" ? sql`(${x} at time zone 'UTC')` : sql`cast(${x} as timestamp)`;

/** 1.10 → 1.1 and 1.000 → 1: the text does not change when the column's scale does. */
export const decimalText = (x: Sql): Sql => sql`cast(trim_scale(cast(${x} as numeric)) as text)`;

/**
 * Shortest round trip, written as every engine here writes it: no exponent from 1e-4 up to 1e16, `nan` and `inf` in lower
 * case, -0 as 0. Postgres alone would go over to exponents at 1e15 (double) or 1e6 (real).
 */
export const floatText = (x: Sql): Sql =>
  sql`case
    when ${x} = trunc(${x}) and abs(${x}) < 1e16 then cast(cast(${x} as bigint) as text)
    when abs(${x}) >= 1e6 and abs(${x}) < 1e16 then ${decimalText(sql`cast(${x} as text)`)}
    when cast(${x} as text) in ('NaN', 'Infinity', '-Infinity')
      then replace(replace(cast(${x} as text), 'NaN', 'nan'), 'Infinity', 'inf')
    else cast(${x} as text) end`;

/** Base64 without the line breaks that `encode` writes every 76 characters. */
export const base64 = (x: Sql): Sql => sql`replace(encode(${x}, 'base64'), chr(10), '')`;

/** ISO 8601 with microseconds; infinities by name. `x` is a TIMESTAMP. */
export const timestampText = (x: Sql): Sql =>
  sql`case when isfinite(${x}) then to_char(${x}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') else cast(${x} as text) end`;

/** In the order of its bytes, as other engines compare: where two rows claim one record, the least key wins on each alike. */
const bytewise = (x: Sql): Sql => sql`(${x} collate "C")`;

export function textOf(x: Sql, kind: Kind): Sql {
  switch (kind) {
    case "text":
      return bytewise(x);
    case "decimal":
      return decimalText(x);
    case "float":
      return floatText(x);
    case "timestamp":
    case "timestamptz":
      return timestampText(utc(x, kind));
    case "nested":
      return sql`cast(to_json(${x}) as text)`;
    case "bytes":
      return base64(x);
    case "other":
      return bytewise(sql`cast(${x} as text)`);
    default:
      return sql`cast(${x} as text)`;
  }
}
