import { join, raw, type Sql, sql } from "../sql.ts";
import {
  base64,
  boolText,
  dateText,
  decimalText,
  floatText,
  isFiniteFloat,
  timestampText,
  utc,
} from "./expressions.ts";
import { textLiteral } from "./literals.ts";
import type { Kind } from "./types.ts";

const quotedText = (text: Sql): Sql => sql`('"' || ${text} || '"')`;

const intJson = (x: Sql): Sql =>
  sql`case when ${x} between -9007199254740991 and 9007199254740991 then to_varchar(${x}) else '"' || to_varchar(${x}) || '"' end`;

/** A number if a JavaScript reader gets every digit back, else a string. 15 characters never hold more than 15 digits. */
export function decimalJson(x: Sql, scale: number): Sql {
  const text = decimalText(x, scale);
  return sql`case
    when length(${text}) <= 15 then ${text}
    when not contains(${text}, '.') and abs(${x}) <= 9007199254740991 then ${text}
    when contains(${text}, '.') and length(ltrim(replace(replace(${text}, '-', ''), '.', ''), '0')) <= 15 then ${text}
    else '"' || ${text} || '"' end`;
}

export const floatJson = (x: Sql): Sql => sql`case when ${isFiniteFloat(x)} then ${floatText(x)} end`;

/** Whole seconds without a fraction, else always six digits: the two forms every ISO 8601 reader takes. */
const timestampJson = (x: Sql): Sql => quotedText(sql`replace(${timestampText(x)}, '.000000Z', 'Z')`);

/** JSON text; SQL NULL for NULL and for numbers that JSON does not have. */
export function jsonOf(x: Sql, kind: Kind, digits = 38, scale = 9): Sql {
  switch (kind) {
    case "text":
      return sql`to_json(to_variant(cast(${x} as varchar)))`;
    case "smallint":
      return sql`to_varchar(${x})`;
    case "bool":
      return boolText(x);
    case "int":
      return intJson(x);
    case "decimal":
      return digits <= 15 ? decimalText(x, scale) : decimalJson(x, scale);
    case "float":
      return floatJson(x);
    case "date":
      return quotedText(dateText(x));
    case "timestamp":
    case "timestamptz":
      return timestampJson(utc(x, kind));
    case "json":
      return sql`to_json(${x})`;
    case "geo":
      return sql`to_json(st_asgeojson(${x}))`;
    case "bytes":
      return quotedText(base64(x));
    case "other":
      return sql`to_json(to_variant(cast(${x} as varchar)))`;
  }
}

/** One JSON text per row by concatenation; `skip` leaves a NULL's name out. */
export function jsonObjectOf(entries: readonly (readonly [name: string, json: Sql, nulls?: "write" | "skip"])[]): Sql {
  if (entries.length === 0) return raw("'{}'");
  const skips = entries.some(([, , nulls]) => nulls === "skip");
  const members = entries.map(([name, json, nulls], i) => {
    const label = textLiteral(`${skips || i > 0 ? "," : ""}${JSON.stringify(name)}:`);
    return nulls === "skip" ? sql`coalesce(${label} || (${json}), '')` : sql`${label} || coalesce(${json}, 'null')`;
  });
  const body = join(members, " || ");
  return skips ? sql`('{' || substr(${body}, 2) || '}')` : sql`('{' || ${body} || '}')`;
}
