import { coercion } from "../coercion.ts";
import { raw, type Sql, sql } from "../sql.ts";
import { isFiniteFloat, textOf, utc } from "./expressions.ts";
import { jsonOf } from "./json.ts";
import { textLiteral } from "./literals.ts";
import type { Kind } from "./types.ts";

/**
 * TRY_CAST gives NULL where it cannot read a text, but takes more than the other engines do: which texts count is said by
 * these patterns, the same everywhere (see the contract suite).
 */
const NUMBER = textLiteral("^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$");
const INTEGER = textLiteral("^[+-]?[0-9]+$");
const DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
const TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?";
const OFFSET = "(Z|z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)";
const INSTANT = textLiteral(`^${DAY}([T ]${TIME} ?${OFFSET}?)?$`);
const TIME_TO_MICROSECONDS = textLiteral("^[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,6})?)?");
const OFFSET_AT_END = textLiteral("[+-][0-9]{2}(:?[0-9]{2})?$");
const SPACE = textLiteral(" \t\n\f\r");
/** A longer text is no number. */
const LONGEST_NUMBER = raw("1000");

/** Digits after the point of what a text becomes as a number; 26 remain before it. */
export const TEXT_SCALE = 12;
const decimal = raw(`number(38, ${TEXT_SCALE})`);

const trimmed = (x: Sql): Sql => sql`trim(${x}, ${SPACE})`;
const isNumber = (v: Sql): Sql => sql`length(${v}) <= ${LONGEST_NUMBER} and regexp_like(${v}, ${NUMBER})`;

/** More than twelve digits after the point are rounded; what would vanish or not fit is NULL. */
function textToNumber(x: Sql): Sql {
  const v = trimmed(x);
  return sql`case when ${isNumber(v)} and not (try_cast(${v} as ${decimal}) = 0 and try_cast(${v} as double) <> 0)
    then try_cast(${v} as ${decimal}) end`;
}

function textToInteger(x: Sql): Sql {
  const v = trimmed(x);
  return sql`case when length(${v}) > ${LONGEST_NUMBER} then null
    when regexp_like(${v}, ${INTEGER}) then try_cast(${v} as number(38, 0))
    when ${isNumber(v)} and try_cast(${v} as ${decimal}) = trunc(try_cast(${v} as ${decimal}))
      then cast(trunc(try_cast(${v} as ${decimal})) as number(38, 0)) end`;
}

const textToBoolean = (x: Sql): Sql =>
  sql`case when lower(${trimmed(x)}) in ('true', 't', 'yes', 'y', 'on', '1') then true
    when lower(${trimmed(x)}) in ('false', 'f', 'no', 'n', 'off', '0') then false end`;

/**
 * Text without an offset is UTC; an offset is converted to UTC; digits beyond microseconds are cut off. Taken apart and put
 * together, so that which formats Snowflake detects (TIMESTAMP_INPUT_FORMAT) does not matter.
 */
function textToDatetime(x: Sql): Sql {
  const v = trimmed(x);
  const time = sql`case when length(${v}) > 10
    then replace(regexp_substr(substr(${v}, 12), ${TIME_TO_MICROSECONDS}), ',', '.') else '00:00' end`;
  const offset = sql`nullif(regexp_substr(substr(${v}, 11), ${OFFSET_AT_END}), '')`;
  const hours = sql`cast(substr(${offset}, 2, 2) as integer)`;
  const minutes = sql`cast(coalesce(nullif(replace(substr(${offset}, 4), ':', ''), ''), '0') as integer)`;
  const east = sql`case when ${offset} is null then 0 when left(${offset}, 1) = '-' then -(${hours} * 60 + ${minutes}) else ${hours} * 60 + ${minutes} end`;
  return sql`case when regexp_like(${v}, ${INSTANT}) and substr(${v}, 1, 4) <> '0000'
    then dateadd('minute', -(${east}), try_cast(substr(${v}, 1, 10) || ' ' || ${time} as timestamp_ntz)) end`;
}

const finite = (x: Sql): Sql => sql`case when ${isFiniteFloat(x)} then ${x} end`;

function toNumber(x: Sql, kind: Kind): Sql | null {
  if (kind === "smallint" || kind === "int" || kind === "decimal") return x;
  if (kind === "float") return finite(x);
  if (kind === "bool") return sql`cast(${x} as integer)`;
  return kind === "text" || kind === "other" ? textToNumber(textOf(x, kind)) : null;
}

function toInteger(x: Sql, kind: Kind): Sql | null {
  if (kind === "smallint" || kind === "int") return x;
  if (kind === "decimal") return sql`case when ${x} = trunc(${x}) then cast(trunc(${x}) as number(38, 0)) end`;
  if (kind === "float")
    return sql`case when ${x} = trunc(${x}) and abs(${x}) < 1e37 then cast(${x} as number(38, 0)) end`;
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
  if (kind === "date") return sql`cast(${x} as timestamp_ntz)`;
  if (kind === "timestamp" || kind === "timestamptz") return utc(x, kind);
  return kind === "text" ? textToDatetime(x) : null;
}

function toDate(x: Sql, kind: Kind): Sql | null {
  if (kind === "date") return x;
  const instant = toDatetime(x, kind);
  return instant && sql`cast(${instant} as date)`;
}

const NULLS = {
  number: sql`cast(null as ${decimal})`,
  integer: sql`cast(null as number(38, 0))`,
  boolean: sql`cast(null as boolean)`,
  date: sql`cast(null as date)`,
  datetime: sql`cast(null as timestamp_ntz)`,
};

/**
 * The value as the field type, NULL where it cannot be. What comes out: text and json VARCHAR (json holds strict, minified
 * JSON), number a NUMBER or FLOAT as the source is, integer NUMBER(38,0), datetime a TIMESTAMP_NTZ in UTC.
 */
export const castOf = coercion<Kind>({
  text: textOf,
  json: (x, kind) => (kind === "text" ? sql`to_json(try_parse_json(${x}))` : jsonOf(x, kind)),
  number: toNumber,
  integer: toInteger,
  boolean: toBoolean,
  date: toDate,
  datetime: toDatetime,
  jsonScalar: (x) => sql`cast(${x} as varchar)`,
  nulls: NULLS,
});

/** Half away from zero. A float is rounded as floats are on the other engines, in binary. */
export function roundedFloat(x: Sql, digits: number): Sql {
  const p = raw(`cast(1e${digits} as double)`);
  const y = sql`(${x} * ${p})`;
  const whole = sql`(trunc(${y}) + case when abs(${y} - trunc(${y})) >= 0.5 then sign(${y}) else 0 end) / ${p}`;
  // What is too large to be shifted has no fraction.
  return sql`case when abs(${x}) < 1e250 then ${whole} else ${x} end`;
}
