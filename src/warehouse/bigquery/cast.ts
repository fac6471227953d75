import { coercion } from "../coercion.ts";
import { raw, type Sql, sql } from "../sql.ts";
import { textOf, utc } from "./expressions.ts";
import { jsonOf, minified, parsed } from "./json.ts";
import type { Kind } from "./types.ts";

/** Which texts are taken is the same on every engine: see the contract suite. SAFE_CAST alone takes '0x10' and ' 5'. */
const SPACE = "[ \\t\\n\\f\\r]*";
const NUMBER = raw(`r'^${SPACE}[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?${SPACE}$'`);
const INTEGER = raw(`r'^${SPACE}[+-]?[0-9]+${SPACE}$'`);
const DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
const TIME = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?";
const INSTANT = raw(`r'^${DAY}([T ]${TIME} ?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$'`);
/** A text with more than twelve digits after the point, or an exponent, may have to be rounded. */
const LONG = raw("r'[eE]|\\.[0-9]{13}'");
const HUGEST_INTEGER = raw("bignumeric '170141183460469231731687303715884105727'");

const trimmed = (x: Sql): Sql => sql`regexp_replace(${x}, r'^[ \\t\\n\\f\\r]+|[ \\t\\n\\f\\r]+$', '')`;
const wide = (x: Sql): Sql =>
  sql`safe_cast(regexp_replace(${x}, r'^[ \\t\\n\\f\\r]*\\+?|[ \\t\\n\\f\\r]+$', '') as bignumeric)`;

/** 26 digits before the point and 12 after; more after it are rounded, and what would vanish or not fit is NULL. */
function fitted(x: Sql): Sql {
  const n = wide(x);
  const r = sql`if(regexp_contains(${x}, ${LONG}), round(${n}, 12), ${n})`;
  return sql`case when abs(${r}) < bignumeric '1e26' and (${r} <> 0 or ${n} = 0) then ${r} end`;
}

const textToNumber = (x: Sql): Sql => sql`case when regexp_contains(${x}, ${NUMBER}) then ${fitted(x)} end`;

const textToInteger = (x: Sql): Sql =>
  sql`case
    when regexp_contains(${x}, ${INTEGER}) then if(abs(${wide(x)}) <= ${HUGEST_INTEGER}, ${wide(x)}, null)
    when regexp_contains(${x}, ${NUMBER}) and strpos(cast(${fitted(x)} as string), '.') = 0 then ${fitted(x)} end`;

const textToBoolean = (x: Sql): Sql =>
  sql`case when lower(trim(${x})) in ('true', 't', 'yes', 'y', 'on', '1') then true
    when lower(trim(${x})) in ('false', 'f', 'no', 'n', 'off', '0') then false end`;

/**
 * Text without an offset is UTC; an offset is converted to UTC; digits beyond microseconds are cut off. Put together
 * anew from its parts: SAFE_CAST wants seconds, takes offsets only with a colon and no seventh digit.
 */
function textToDatetime(x: Sql): Sql {
  const v = trimmed(x);
  const part = (pattern: string, otherwise: string) =>
    sql`coalesce(regexp_extract(${v}, ${raw(`r'${pattern}'`)}), ${raw(`'${otherwise}'`)})`;
  const offset = "^.{10}[T ].*";
  return sql`case when regexp_contains(${v}, ${INSTANT}) then safe_cast(concat(substr(${v}, 1, 10), ' ',
    ${part("^.{11}(..:..)", "00:00")}, ':', ${part("^.{16}:(..)", "00")}, '.', ${part("^.{19}[.,]([0-9]{1,6})", "0")},
    ${part(`${offset}([+-][0-9]{2})(?::?[0-9]{2})?$`, "+00")}, ':', ${part(`${offset}[+-][0-9]{2}:?([0-9]{2})$`, "00")}) as timestamp) end`;
}

const finite = (x: Sql): Sql => sql`case when not is_nan(${x}) and not is_inf(${x}) then ${x} end`;

function toNumber(x: Sql, kind: Kind): Sql | null {
  if (kind === "int" || kind === "decimal") return x;
  if (kind === "float") return finite(x);
  if (kind === "bool") return sql`cast(${x} as int64)`;
  return kind === "text" || kind === "other" ? textToNumber(textOf(x, kind)) : null;
}

function toInteger(x: Sql, kind: Kind): Sql | null {
  if (kind === "int") return x;
  if (kind === "decimal")
    return sql`case when strpos(cast(${x} as string), '.') = 0 and abs(cast(${x} as bignumeric)) <= ${HUGEST_INTEGER} then cast(${x} as bignumeric) end`;
  if (kind === "float")
    return sql`case when ${x} = trunc(${x}) and abs(${x}) < 1.7e38 then safe_cast(${x} as bignumeric) end`;
  if (kind === "bool") return sql`cast(${x} as int64)`;
  return kind === "text" || kind === "other" ? textToInteger(textOf(x, kind)) : null;
}

function toBoolean(x: Sql, kind: Kind): Sql | null {
  if (kind === "bool") return x;
  if (kind === "int" || kind === "decimal" || kind === "float")
    return sql`case when ${x} = 1 then true when ${x} = 0 then false end`;
  return kind === "text" || kind === "other" ? textToBoolean(textOf(x, kind)) : null;
}

function toDatetime(x: Sql, kind: Kind): Sql | null {
  if (kind === "date") return sql`timestamp(${x}, 'UTC')`;
  if (kind === "timestamp" || kind === "timestamptz") return utc(x, kind);
  return kind === "text" ? textToDatetime(x) : null;
}

function toDate(x: Sql, kind: Kind): Sql | null {
  if (kind === "date") return x;
  const instant = toDatetime(x, kind);
  return instant && sql`date(${instant}, 'UTC')`;
}

const toJson = (x: Sql, kind: Kind): Sql =>
  kind === "text" ? sql`case when ${parsed(x)} is not null then ${minified(x)} end` : jsonOf(x, kind);

/** A JSON scalar stands for what it holds: "5" and 5 are both the number 5; an object for its text. */
const jsonScalar = (x: Sql): Sql => sql`coalesce(json_value(${x}), nullif(to_json_string(${x}), 'null'))`;

const NULLS = {
  number: sql`cast(null as numeric)`,
  integer: sql`cast(null as int64)`,
  boolean: sql`cast(null as bool)`,
  date: sql`cast(null as date)`,
  datetime: sql`cast(null as timestamp)`,
};

/**
 * The value as the field type, NULL where it cannot be. What comes out: text and json STRING (json holds strict, minified
 * JSON), number a BIGNUMERIC, FLOAT64 or INT64 as the source is, integer up to BIGNUMERIC without a fraction, datetime a TIMESTAMP.
 */
export const castOf = coercion<Kind>({
  text: textOf,
  json: toJson,
  number: toNumber,
  integer: toInteger,
  boolean: toBoolean,
  date: toDate,
  datetime: toDatetime,
  jsonScalar,
  nulls: NULLS,
});
