import { coercion } from "../coercion.ts";
import { raw, type Sql, sql } from "../sql.ts";
import { textOf, utc } from "./expressions.ts";
import { jsonOf } from "./json.ts";
import type { Kind } from "./types.ts";

/**
 * Text that is taken as a number: 26 digits before the point and 12 after; more digits after it are rounded, and what
 * would vanish or not fit is NULL. Stricter than DuckDB's own cast, which takes '1_000'.
 */
const NUMBER = sql`'\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?\\s*'`;
const INTEGER = sql`'\\s*[+-]?[0-9]+\\s*'`;
const DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
const TIME = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?";
const INSTANT = raw(`'\\s*${DAY}([T ]${TIME} ?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)?)?\\s*'`);

const textToNumber = (x: Sql): Sql =>
  sql`case when regexp_full_match(${x}, ${NUMBER})
    and not (try_cast(${x} as decimal(38,12)) = 0 and try_cast(${x} as double) <> 0) then try_cast(${x} as decimal(38,12)) end`;

const textToInteger = (x: Sql): Sql =>
  sql`case when regexp_full_match(${x}, ${INTEGER}) then try_cast(${x} as hugeint)
    when regexp_full_match(${x}, ${NUMBER}) and try_cast(${x} as decimal(38,12)) = trunc(try_cast(${x} as decimal(38,12)))
    then try_cast(try_cast(${x} as decimal(38,12)) as hugeint) end`;

const textToBoolean = (x: Sql): Sql =>
  sql`case when lower(trim(${x})) in ('true', 't', 'yes', 'y', 'on', '1') then true
    when lower(trim(${x})) in ('false', 'f', 'no', 'n', 'off', '0') then false end`;

/** Text without an offset is UTC; an offset is converted to UTC. */
const textToDatetime = (x: Sql): Sql =>
  sql`case when regexp_full_match(${x}, ${INSTANT}) then (try_cast(replace(${x}, ',', '.') as timestamptz) at time zone 'UTC') end`;

const finite = (test: Sql, x: Sql): Sql => sql`case when isfinite(${test}) then ${x} end`;

function toNumber(x: Sql, kind: Kind): Sql | null {
  if (kind === "smallint" || kind === "int" || kind === "decimal") return x;
  if (kind === "float") return finite(x, x);
  if (kind === "bool") return sql`cast(${x} as integer)`;
  return kind === "text" || kind === "other" ? textToNumber(textOf(x, kind)) : null;
}

function toInteger(x: Sql, kind: Kind): Sql | null {
  if (kind === "smallint" || kind === "int") return x;
  if (kind === "decimal" || kind === "float")
    return sql`case when ${x} = trunc(${x}) then try_cast(${x} as hugeint) end`;
  if (kind === "bool") return sql`cast(${x} as integer)`;
  return kind === "text" || kind === "other" ? textToInteger(textOf(x, kind)) : null;
}

function toBoolean(x: Sql, kind: Kind): Sql | null {
  if (kind === "bool") return x;
  if (kind === "smallint" || kind === "int" || kind === "decimal" || kind === "float")
    return sql`case when ${x} = 1 then true when ${x} = 0 then false end`;
  return kind === "text" || kind === "other" ? textToBoolean(textOf(x, kind)) : null;
}

function toDatetime(x: Sql, kind: Kind): Sql | null {
  if (kind === "date") return finite(x, sql`cast(${x} as timestamp)`);
  if (kind === "timestamp" || kind === "timestamptz") return finite(x, utc(x, kind));
  return kind === "text" ? textToDatetime(x) : null;
}

function toDate(x: Sql, kind: Kind): Sql | null {
  if (kind === "date") return finite(x, x);
  const instant = toDatetime(x, kind);
  return instant && sql`cast(${instant} as date)`;
}

const toJson = (x: Sql, kind: Kind): Sql =>
  kind === "text"
    ? sql`case when json_valid(${x}) then ${jsonOf(sql`try_cast(${x} as json)`, "json")} end`
    : jsonOf(x, kind);

const NULLS = {
  number: sql`cast(null as double)`,
  integer: sql`cast(null as bigint)`,
  boolean: sql`cast(null as boolean)`,
  date: sql`cast(null as date)`,
  datetime: sql`cast(null as timestamp)`,
};

/**
 * The value as the field type, NULL where it cannot be. What comes out: text and json VARCHAR (json holds strict, minified JSON),
 * number a DECIMAL, DOUBLE or integer as the source is, integer up to HUGEINT, datetime a TIMESTAMP in UTC.
 */
export const castOf = coercion<Kind>({
  text: textOf,
  json: toJson,
  number: toNumber,
  integer: toInteger,
  boolean: toBoolean,
  date: toDate,
  datetime: toDatetime,
  jsonScalar: (x) => sql`(${x} ->> '$')`,
  nulls: NULLS,
});
