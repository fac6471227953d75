import { raw, type Sql, sql } from "../sql.ts";
import type { Kind } from "./types.ts";

/** Any timestamp as TIMESTAMP_NTZ in UTC. */
export const utc = (x: Sql, kind: Kind): Sql =>
  kind === "timestamptz" ? sql`cast(convert_timezone('UTC', ${x}) as timestamp_ntz)` : sql`cast(${x} as timestamp_ntz)`;

/** 1.10 → 1.1 and 1.000 → 1: the text does not change when the column's scale does. `x` is a NUMBER of that scale. */
export const decimalText = (x: Sql, scale: number): Sql =>
  scale === 0 ? sql`to_varchar(${x})` : sql`rtrim(rtrim(to_varchar(${x}), '0'), '.')`;

const INFINITY = raw("cast('inf' as double)");

/** NaN counts as greater than everything, and as equal to itself. https://docs.snowflake.com/en/sql-reference/data-types-numeric#special-values */
export const isFiniteFloat = (x: Sql): Sql => sql`abs(${x}) < ${INFINITY}`;

/**
 * Snowflake's own text of a float loses digits; TME is the form that keeps all: seventeen, and an exponent. TRY_CAST, because
 * NaN and infinities have neither, and a branch that is not taken may be computed all the same.
 * https://docs.snowflake.com/en/sql-reference/sql-format-models#text-minimal-numeric-formats
 */
const mantissa = (x: Sql): Sql => sql`try_cast(split_part(to_varchar(${x}, 'TME'), 'e', 1) as number(38, 16))`;
const exponent = (x: Sql): Sql => sql`try_cast(split_part(to_varchar(${x}, 'TME'), 'e', 2) as integer)`;

/** The mantissa with the fewest of 15, 16 and 17 digits that give the same float back. */
function shortestMantissa(x: Sql): Sql {
  // Of the type that the mantissa has, so that all three branches and `decimalText` agree.
  const rounded = (digits: number) => sql`cast(round(${mantissa(x)}, ${raw(String(digits))}) as number(38, 16))`;
  const gives = (digits: number) =>
    sql`try_cast(to_varchar(${rounded(digits)}) || 'e' || to_varchar(${exponent(x)}) as double) = ${x}`;
  return sql`case when ${gives(14)} then ${rounded(14)} when ${gives(15)} then ${rounded(15)} else ${mantissa(x)} end`;
}

/** The same number without an exponent, for those from 1e-4 up to 1e16. */
const positional = (m: Sql, x: Sql): Sql =>
  sql`try_cast(to_varchar(${m}) || 'e' || to_varchar(${exponent(x)}) as number(38, 21))`;

/**
 * Shortest round trip, written as every engine here writes it: no exponent from 1e-4 up to 1e16, at least two digits in
 * one, `nan` and `inf` in lower case, -0 as 0.
 */
export function floatText(x: Sql): Sql {
  const m = shortestMantissa(x);
  const sign = sql`case when ${exponent(x)} < 0 then '-' else '+' end`;
  const size = sql`case when abs(${exponent(x)}) < 10 then '0' else '' end || to_varchar(abs(${exponent(x)}))`;
  return sql`case
    when ${x} is null then null
    when not ${isFiniteFloat(x)} then case when ${x} = ${INFINITY} then 'inf' when ${x} < 0 then '-inf' else 'nan' end
    when ${x} = trunc(${x}) and abs(${x}) < 1e16 then to_varchar(cast(${x} as number(38, 0)))
    when abs(${x}) >= 1e-4 and abs(${x}) < 1e16 then ${decimalText(positional(m, x), 21)}
    else ${decimalText(m, 16)} || 'e' || ${sign} || ${size} end`;
}

export const base64 = (x: Sql): Sql => sql`base64_encode(${x})`;

/** ISO 8601 with microseconds. `x` is a TIMESTAMP_NTZ. */
export const timestampText = (x: Sql): Sql =>
  sql`(to_varchar(${x}, 'YYYY-MM-DD') || 'T' || to_varchar(${x}, 'HH24:MI:SS.FF6') || 'Z')`;

export const dateText = (x: Sql): Sql => sql`to_varchar(${x}, 'YYYY-MM-DD')`;

export const boolText = (x: Sql): Sql => sql`case when ${x} then 'true' when not ${x} then 'false' end`;

export function textOf(x: Sql, kind: Kind): Sql {
  switch (kind) {
    case "text":
      return x;
    case "smallint":
    case "int":
      return sql`to_varchar(${x})`;
    case "decimal":
      return decimalText(x, 1);
    case "float":
      return floatText(x);
    case "bool":
      return boolText(x);
    case "date":
      return dateText(x);
    case "timestamp":
    case "timestamptz":
      return timestampText(utc(x, kind));
    case "json":
      return sql`to_json(${x})`;
    case "geo":
      return sql`to_json(st_asgeojson(${x}))`;
    case "bytes":
      return base64(x);
    case "other":
      return sql`cast(${x} as varchar)`;
  }
}
