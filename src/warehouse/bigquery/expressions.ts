import { type Sql, sql } from "../sql.ts";
import type { Kind } from "./types.ts";

/** Any timestamp as TIMESTAMP; a DATETIME is taken for UTC. */
export const utc = (x: Sql, kind: Kind): Sql => (kind === "timestamp" ? sql`timestamp(${x}, 'UTC')` : x);

/**
 * Shortest round trip, written as every engine here writes it: no exponent from 1e-4 up to 1e16, `nan` and `inf` in lower
 * case, -0 as 0. BigQuery's own cast keeps 15 or 17 digits, never 16, and goes over to exponents at 1e15.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast_as_string
 */
export const floatText = (x: Sql): Sql =>
  sql`case
    when is_nan(${x}) then 'nan'
    when is_inf(${x}) then if(${x} > 0, 'inf', '-inf')
    when ${x} = trunc(${x}) and abs(${x}) < 1e16 then cast(cast(${x} as int64) as string)
    when safe_cast(format('%.15g', ${x}) as float64) = ${x} then format('%.15g', ${x})
    when safe_cast(format('%.16g', ${x}) as float64) = ${x} then format('%.16g', ${x})
    when abs(${x}) >= 1e16 and abs(${x}) < 1e17 then format('%.16e', ${x})
    else format('%.17g', ${x}) end`;

/** ISO 8601 with microseconds; the year always in four digits, which FORMAT_TIMESTAMP's %Y does not promise. `x` is a TIMESTAMP. */
export const timestampText = (x: Sql): Sql =>
  sql`concat(cast(date(${x}, 'UTC') as string), 'T', format_timestamp('%H:%M:%S', ${x}, 'UTC'), '.', lpad(cast(extract(microsecond from ${x}) as string), 6, '0'), 'Z')`;

export function textOf(x: Sql, kind: Kind): Sql {
  switch (kind) {
    case "text":
      return x;
    case "float":
      return floatText(x);
    case "timestamp":
    case "timestamptz":
      return timestampText(utc(x, kind));
    case "json":
    case "nested":
      return sql`to_json_string(${x})`;
    case "bytes":
      return sql`to_base64(${x})`;
    case "geography":
      return sql`st_astext(${x})`;
    default:
      // A decimal's text has no trailing zeros.
      return sql`cast(${x} as string)`;
  }
}
