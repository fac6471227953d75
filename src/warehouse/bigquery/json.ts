import { join, raw, type Sql, sql } from "../sql.ts";
import { floatText, textOf, timestampText, utc } from "./expressions.ts";
import { textLiteral } from "./literals.ts";
import type { Kind } from "./types.ts";

const intJson = (x: Sql): Sql =>
  sql`if(${x} between -9007199254740991 and 9007199254740991, cast(${x} as string), concat('"', cast(${x} as string), '"'))`;

/** A number if a JavaScript reader gets every digit back, else a string. `text` is a decimal's or an integer's own. */
export const decimalJson = (text: Sql): Sql =>
  sql`case
    when length(${text}) <= 15 then ${text}
    when strpos(${text}, '.') = 0 and abs(safe_cast(${text} as bignumeric)) <= 9007199254740991 then ${text}
    when strpos(${text}, '.') > 0 and length(ltrim(regexp_replace(${text}, r'[-.]', ''), '0')) <= 15 then ${text}
    else concat('"', ${text}, '"') end`;

export const floatJson = (x: Sql): Sql => sql`case when not is_nan(${x}) and not is_inf(${x}) then ${floatText(x)} end`;

/** Whole seconds without a fraction, else always six digits: the two forms every ISO 8601 reader takes. */
const timestampJson = (x: Sql): Sql => sql`concat('"', replace(${timestampText(x)}, '.000000Z', 'Z'), '"')`;

/** Strict JSON, or NULL. */
export const parsed = (text: Sql): Sql => sql`safe.parse_json(${text}, wide_number_mode => 'round')`;

/** Without white space outside strings, as the other engines write it; members keep their order. */
export const minified = (text: Sql): Sql =>
  sql`array_to_string(regexp_extract_all(${text}, r'"(?:[^"\\\\]|\\\\.)*"|[^" \\t\\n\\r]+'), '')`;

/** JSON text; SQL NULL for NULL and for numbers that JSON does not have. */
export function jsonOf(x: Sql, kind: Kind): Sql {
  switch (kind) {
    case "text":
      // TO_JSON_STRING makes the word null of NULL.
      return sql`case when ${x} is not null then to_json_string(${x}) end`;
    case "bool":
      return sql`cast(${x} as string)`;
    case "int":
      return intJson(x);
    case "decimal":
      return decimalJson(textOf(x, kind));
    case "float":
      return floatJson(x);
    case "date":
      return sql`concat('"', cast(${x} as string), '"')`;
    case "timestamp":
    case "timestamptz":
      return timestampJson(utc(x, kind));
    case "json":
    case "nested":
      return sql`case when ${x} is not null then to_json_string(${x}) end`;
    case "bytes":
      return sql`concat('"', to_base64(${x}), '"')`;
    case "geography":
    case "other":
      return jsonOf(textOf(x, kind), "text");
  }
}

/** One JSON text per row. `skip` leaves a NULL's name out: ARRAY_TO_STRING passes NULLs over. */
export function jsonObjectOf(entries: readonly (readonly [name: string, json: Sql, nulls?: "write" | "skip"])[]): Sql {
  if (entries.length === 0) return raw("'{}'");
  const members = entries.map(([name, json, nulls]) => {
    const label = textLiteral(`${JSON.stringify(name)}:`);
    return nulls === "skip" ? sql`concat(${label}, ${json})` : sql`concat(${label}, coalesce(${json}, 'null'))`;
  });
  return sql`concat('{', array_to_string([${join(members)}], ','), '}')`;
}

/**
 * A member by its exact name. In a JSONPath a name stands between double quotes; one that holds them or a backslash has
 * no path, and is taken out with the language of subscripts instead.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#JSONPath_format
 */
export const memberOf = (json: Sql, name: string): Sql =>
  /["\\]/.test(name)
    ? sql`json_value(${parsed(json)}[${textLiteral(name)}])`
    : sql`json_value(${json}, ${textLiteral(`$."${name}"`)})`;
