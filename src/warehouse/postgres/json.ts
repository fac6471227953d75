import { join, raw, type Sql, sql } from "../sql.ts";
import { base64, decimalText, floatText, once, timestampText, utc } from "./expressions.ts";
import { textLiteral } from "./literals.ts";
import type { Kind } from "./types.ts";

const intJson = (x: Sql): Sql =>
  sql`case when ${x} between -9007199254740991 and 9007199254740991 then cast(${x} as text) else '"' || cast(${x} as text) || '"' end`;

/** A number if a JavaScript reader gets every digit back, else a string; NaN and infinities are none. `text` is a decimal's own. */
const decimalJson = (text: Sql): Sql =>
  once(
    text,
    (t) => sql`case
    when ${t} in ('NaN', 'Infinity', '-Infinity') then null
    when length(${t}) <= 15 then ${t}
    when ${t} !~ '\\.' and abs(cast(${t} as numeric)) <= 9007199254740991 then ${t}
    when ${t} ~ '\\.' and length(ltrim(regexp_replace(${t}, '[-.]', '', 'g'), '0')) <= 15 then ${t}
    else '"' || ${t} || '"' end`,
  );

const floatJson = (x: Sql): Sql =>
  sql`case when abs(${x}) < cast('infinity' as double precision) then ${floatText(x)} end`;

/** Whole seconds without a fraction, else always six digits: the two forms every ISO 8601 reader takes. */
const timestampJson = (x: Sql): Sql =>
  sql`case when isfinite(${x}) then '"' || replace(${timestampText(x)}, '.000000Z', 'Z') || '"' end`;

/** Without white space outside strings, as the other engines write it. */
export const minified = (text: Sql): Sql =>
  sql`regexp_replace(${text}, '("([^"\\\\]|\\\\.)*")|[ \\t\\n\\r]+', '\\1', 'g')`;

const STRANGE = raw("'\\\\u(0000|d[89a-f])|[0-9]e[+-]?[0-9]{5}'");
const PAIR = raw("'\\\\ud[89ab][0-9a-f]{2}\\\\ud[c-f][0-9a-f]{2}'");

/**
 * What a `json` column holds, as jsonb, whose hash knows neither members' order nor spaces nor spellings of numbers; `json` keeps
 * the text it was given. What jsonb does not take (escapes that are no character, numbers beyond numeric) stays that text.
 * https://www.postgresql.org/docs/current/datatype-json.html
 */
export function jsonValue(x: Sql): Sql {
  const text = sql`cast(${x} as text)`;
  return sql`case when ${text} ~* ${STRANGE} and regexp_replace(${text}, ${PAIR}, '', 'gi') ~* ${STRANGE}
    then to_jsonb(${text}) else cast(${x} as jsonb) end`;
}

/** JSON text; SQL NULL for NULL and for numbers that JSON does not have. */
export function jsonOf(x: Sql, kind: Kind, digits = 131_072): Sql {
  switch (kind) {
    case "text":
      return sql`cast(to_json(cast(${x} as text)) as text)`;
    case "smallint":
    case "bool":
      return sql`cast(${x} as text)`;
    case "int":
      return intJson(x);
    case "decimal":
      return digits <= 15 ? sql`nullif(${decimalText(x)}, 'NaN')` : decimalJson(decimalText(x));
    case "float":
      return floatJson(x);
    case "date":
      return sql`case when isfinite(${x}) then '"' || cast(${x} as text) || '"' end`;
    case "timestamp":
    case "timestamptz":
      return timestampJson(utc(x, kind));
    case "json":
      return minified(sql`cast(${x} as text)`);
    case "nested":
      return sql`cast(to_json(${x}) as text)`;
    case "bytes":
      return sql`'"' || ${base64(x)} || '"'`;
    case "other":
      return sql`cast(to_json(cast(${x} as text)) as text)`;
  }
}

/** For an expression whose exact numeric type only the engine knows. */
export const numberJson = (x: Sql): Sql =>
  once(
    x,
    (v) => sql`case when pg_typeof(${v}) in ('double precision', 'real')
      then ${floatJson(v)} else ${decimalJson(decimalText(v))} end`,
  );

/** One JSON text per row by concatenation: functions end at 100 arguments. `skip` leaves a NULL's name out. */
export function jsonObjectOf(entries: readonly (readonly [name: string, json: Sql, nulls?: "write" | "skip"])[]): Sql {
  if (entries.length === 0) return raw("cast('{}' as text)");
  const skips = entries.some(([, , nulls]) => nulls === "skip");
  const members = entries.map(([name, json, nulls], i) => {
    const label = textLiteral(`${skips || i > 0 ? "," : ""}${JSON.stringify(name)}:`);
    return nulls === "skip"
      ? sql`coalesce(${label} || (${json}), '')`
      : sql`${label} || coalesce(cast((${json}) as text), 'null')`;
  });
  const body = join(members, " || ");
  return skips ? sql`('{' || substr(${body}, 2) || '}')` : sql`('{' || ${body} || '}')`;
}

const STRING = `"([^"\\\\\\u0001-\\u001f]|\\\\(["\\\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
const SCALAR = "-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null";
/** A list or an object of what has been reduced already: \u0001 stands for a string, \u0002 for any other value. */
const VALUE = "[\\u0001\\u0002]";
const REDUCIBLE = `\\[(${VALUE}(,${VALUE})*)?\\]|\\{(\\u0001:${VALUE}(,\\u0001:${VALUE})*)?\\}`;
/** Levels of nesting that are looked into; deeper JSON counts as invalid. */
const DEEPEST = 100;

/**
 * Is a text strict JSON? Postgres before 16 cannot ask without failing the statement, so the text is reduced from the
 * inside out: strings and scalars to one character each, then lists and objects of those, until one is left.
 */
export const isJson = (x: Sql): Sql =>
  sql`(case when ${x} ~ '[\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f]' then false else (
    with recursive reduced(t, depth) as (
      select regexp_replace(regexp_replace(regexp_replace(${x}, ${raw(`'${STRING}'`)}, chr(1), 'g'),
        ${raw(`'${SCALAR}'`)}, chr(2), 'g'), '[ \\t\\n\\r]+', '', 'g'), 0
      union all
      select regexp_replace(t, ${raw(`'${REDUCIBLE}'`)}, chr(2), 'g'), depth + 1
      from reduced where depth < ${raw(String(DEEPEST))} and t ~ ${raw(`'${REDUCIBLE}'`)}
    ) select bool_or(t in (chr(1), chr(2))) from reduced) end)`;
