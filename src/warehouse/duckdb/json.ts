import { type Sql, sql } from "../sql.ts";
import { decimalText, floatText, utc } from "./expressions.ts";
import type { Kind } from "./types.ts";

const quoted = (text: Sql): Sql => sql`concat('"', ${text}, '"')`;

const intJson = (x: Sql): Sql =>
  sql`case when ${x} between -9007199254740991 and 9007199254740991 then cast(${x} as varchar) else '"' || cast(${x} as varchar) || '"' end`;

/** A number if a JavaScript reader gets every digit back, else a string. 15 characters never hold more than 15 digits. */
const decimalJson = (x: Sql, text: Sql): Sql =>
  sql`case
    when length(${text}) <= 15 then ${text}
    when not contains(${text}, '.') and abs(${x}) <= 9007199254740991 then ${text}
    when contains(${text}, '.') and length(ltrim(regexp_replace(${text}, '[-.]', '', 'g'), '0')) <= 15 then ${text}
    else '"' || ${text} || '"' end`;

const floatJson = (x: Sql): Sql => sql`case when isfinite(${x}) then ${floatText(x)} end`;

/** Whole seconds without a fraction, else always six digits: the two forms every ISO 8601 reader takes. */
const timestampJson = (x: Sql): Sql =>
  sql`case
    when not isfinite(${x}) then null
    when epoch_us(${x}) % 1000000 = 0 then strftime(${x}, '"%Y-%m-%dT%H:%M:%SZ"')
    else strftime(${x}, '"%Y-%m-%dT%H:%M:%S.%fZ"') end`;

/** DuckDB's JSON lets NaN and Infinity through, which no other reader takes: null, but not inside a string. */
const strictJson = (text: Sql): Sql =>
  sql`case when contains(${text}, 'NaN') or contains(${text}, 'Infinity')
    then array_to_string(list_transform(
      regexp_extract_all(${text}, '"(?:[^"\\\\]|\\\\.)*"|[^"]+'),
      lambda part: case when starts_with(part, '"') then part else regexp_replace(part, '-?(NaN|Infinity)', 'null', 'g') end), '')
    else ${text} end`;

/**
 * A JSON value's hash, whatever its members' order, its spaces and the spelling of its numbers (1, 1.0 and 1e0): DuckDB keeps
 * JSON as the text it was given. Of each member its path and its value; where they stand says nothing, so exclusive or will do.
 */
export const jsonHash = (x: Sql): Sql =>
  sql`(select bit_xor(hash(fullkey, coalesce(
    case when type = 'DOUBLE' then ${floatText(sql`try_cast(atom as double)`)} end, cast(atom as varchar), type))) from json_tree(${x}))`;

/** JSON text as VARCHAR; SQL NULL for NULL and for numbers that JSON does not have. */
export function jsonOf(x: Sql, kind: Kind, width = 38, scale = 9): Sql {
  switch (kind) {
    case "text":
      return sql`cast(to_json(${x}) as varchar)`;
    case "smallint":
    case "bool":
      return sql`cast(${x} as varchar)`;
    case "int":
      return intJson(x);
    case "decimal": {
      const text = scale === 0 ? sql`cast(${x} as varchar)` : decimalText(x);
      return width <= 15 ? text : decimalJson(x, text);
    }
    case "float":
      return floatJson(x);
    case "date":
      return sql`case when isfinite(${x}) then '"' || cast(${x} as varchar) || '"' end`;
    case "timestamp":
    case "timestamptz":
      return timestampJson(utc(x, kind));
    case "json":
    case "nested":
      return strictJson(sql`cast(to_json(${x}) as varchar)`);
    case "bytes":
      return sql`case when ${x} is not null then ${quoted(sql`base64(${x})`)} end`;
    case "other":
      return sql`cast(to_json(cast(${x} as varchar)) as varchar)`;
  }
}

/** For an expression whose exact numeric type only the engine knows; `typeof` is folded when the statement is bound. */
export const numberJson = (x: Sql): Sql =>
  sql`case when typeof(${x}) in ('DOUBLE', 'FLOAT') then ${floatJson(x)}
    when starts_with(typeof(${x}), 'DECIMAL') and not ends_with(typeof(${x}), ',0)') then ${decimalJson(x, decimalText(x))}
    else ${intJson(x)} end`;

/** One JSON text per row by concatenation; `skip` leaves a NULL's name out. */
export function jsonObjectOf(entries: readonly (readonly [name: string, json: Sql, nulls?: "write" | "skip"])[]): Sql {
  if (entries.length === 0) return sql`'{}'`;
  const skips = entries.some(([, , nulls]) => nulls === "skip");
  const members: Sql[] = [];
  for (const [i, [name, json, nulls]] of entries.entries()) {
    const label = `${skips || i > 0 ? "," : ""}${JSON.stringify(name)}:`;
    members.push(nulls === "skip" ? sql`, ${label} || ${json}` : sql`, ${label}, coalesce(${json}, 'null')`);
  }
  const body = members.reduce((all, member) => sql`${all}${member}`, sql`''`);
  return skips ? sql`concat('{', substr(concat(${body}), 2), '}')` : sql`concat('{', ${body}, '}')`;
}
