import { coercion } from "../coercion.ts";
import { raw, type Sql, sql } from "../sql.ts";
import { once, textOf, utc } from "./expressions.ts";
import { isJson, jsonOf, minified } from "./json.ts";
import type { Kind } from "./types.ts";

/**
 * Postgres before 16 has no cast that gives NULL instead of failing, so every cast stands behind a test that lets only
 * texts through that the cast takes. Which they are is the same on every engine: see the contract suite.
 */
const SPACE = "[ \\t\\n\\f\\r]*";
const NUMBER = raw(`'^${SPACE}[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?${SPACE}$'`);
const INTEGER = raw(`'^${SPACE}[+-]?[0-9]+${SPACE}$'`);
const DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
const TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?";
/** Offsets beyond ±15:59 do not exist: https://www.postgresql.org/docs/current/datetime-input-rules.html */
const OFFSET = "(Z|z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)";
const INSTANT = raw(`'^${DAY}([T ]${TIME} ?${OFFSET}?)?$'`);
/** Digits of a text that is read as a number; numeric itself ends at 131,072 before the point. */
const LONGEST_NUMBER = raw("1000");
const HUGEST_INTEGER = raw("170141183460469231731687303715884105727");

/** 26 digits before the point and 12 after; more after it are rounded, and what would vanish or not fit is NULL. */
const fitted = (n: Sql): Sql =>
  sql`case when abs(round(${n}, 12)) < 1e26 and (round(${n}, 12) <> 0 or ${n} = 0) then round(${n}, 12) end`;

const textToNumber = (x: Sql): Sql =>
  once(
    x,
    (v) =>
      sql`case when ${v} ~ ${NUMBER} and length(${v}) <= ${LONGEST_NUMBER} then ${fitted(sql`cast(${v} as numeric)`)} end`,
  );

const textToInteger = (x: Sql): Sql =>
  once(x, (v) => {
    const n = sql`cast(${v} as numeric)`;
    return sql`case when length(${v}) > ${LONGEST_NUMBER} then null
      when ${v} ~ ${INTEGER} then case when abs(${n}) <= ${HUGEST_INTEGER} then ${n} end
      when ${v} ~ ${NUMBER} then case when ${fitted(n)} = trunc(${n}) then trunc(${n}) end end`;
  });

const textToBoolean = (x: Sql): Sql =>
  sql`case when lower(btrim(${x})) in ('true', 't', 'yes', 'y', 'on', '1') then true
    when lower(btrim(${x})) in ('false', 'f', 'no', 'n', 'off', '0') then false end`;

/** Text without an offset is UTC; an offset is converted to UTC; digits beyond microseconds are cut off. */
const textToDatetime = (x: Sql): Sql =>
  once(sql`btrim(${x}, ${raw("E' \\t\\n\\f\\r'")})`, (v) => {
    const part = (from: number, length: number) => sql`cast(substr(${v}, ${raw(`${from}, ${length}`)}) as integer)`;
    const [year, month, day] = [part(1, 4), part(6, 2), part(9, 2)];
    const lastDay = sql`case when ${month} in (4, 6, 9, 11) then 30 when ${month} <> 2 then 31
      when ${year} % 4 = 0 and (${year} % 100 <> 0 or ${year} % 400 = 0) then 29 else 28 end`;
    const canonical = sql`regexp_replace(replace(${v}, ',', '.'), '(\\.[0-9]{6})[0-9]+', '\\1')`;
    return sql`case when ${v} ~ ${INSTANT} then
      case when ${year} >= 1 and ${day} <= ${lastDay} then cast(${canonical} as timestamptz) at time zone 'UTC' end end`;
  });

const finite = (x: Sql): Sql => sql`case when isfinite(${x}) then ${x} end`;
/** NaN counts as greater than infinity. The literal takes the column's own type. */
const finiteNumber = (x: Sql): Sql => sql`case when abs(${x}) < 'infinity' then ${x} end`;

function toNumber(x: Sql, kind: Kind): Sql | null {
  if (kind === "smallint" || kind === "int") return x;
  if (kind === "decimal" || kind === "float") return finiteNumber(x);
  if (kind === "bool") return sql`cast(${x} as integer)`;
  return kind === "text" || kind === "other" ? textToNumber(textOf(x, kind)) : null;
}

function toInteger(x: Sql, kind: Kind): Sql | null {
  if (kind === "smallint" || kind === "int") return x;
  if (kind === "decimal")
    return sql`case when ${x} = trunc(${x}) and abs(${x}) <= ${HUGEST_INTEGER} then trunc(${x}) end`;
  if (kind === "float") {
    // By way of bigint or text, because the cast from float to numeric keeps 15 digits only.
    return sql`case when ${x} <> trunc(${x}) then null when abs(${x}) < 9e18 then cast(cast(${x} as bigint) as numeric)
      when abs(${x}) < 1.7e38 then cast(cast(${x} as text) as numeric) end`;
  }
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
  if (kind === "date") return finite(sql`cast(${x} as timestamp)`);
  if (kind === "timestamp" || kind === "timestamptz") return finite(utc(x, kind));
  return kind === "text" ? textToDatetime(x) : null;
}

function toDate(x: Sql, kind: Kind): Sql | null {
  if (kind === "date") return finite(x);
  const instant = toDatetime(x, kind);
  return instant && sql`cast(${instant} as date)`;
}

/** A lone half of a surrogate pair, and NUL, stand in a `json` that no text can hold. */
const UNTEXT = raw("'\\\\u(0000|[dD][89a-fA-F])'");
const PAIR = raw("'\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}'");

/** A JSON scalar stands for what it holds: "5" and 5 are both the number 5. */
const jsonScalar = (x: Sql): Sql =>
  once(
    sql`cast(${x} as text)`,
    (v) =>
      sql`case when ${v} !~ ${UNTEXT} or regexp_replace(${v}, ${PAIR}, '', 'g') !~ ${UNTEXT} then cast(${v} as json) #>> '{}' end`,
  );

const toJson = (x: Sql, kind: Kind): Sql =>
  kind === "text" ? once(x, (v) => sql`case when ${isJson(v)} then ${minified(v)} end`) : jsonOf(x, kind);

const NULLS = {
  number: sql`cast(null as numeric)`,
  integer: sql`cast(null as bigint)`,
  boolean: sql`cast(null as boolean)`,
  date: sql`cast(null as date)`,
  datetime: sql`cast(null as timestamp)`,
};

/**
 * The value as the field type, NULL where it cannot be. What comes out: text and json TEXT (json holds strict, minified
 * JSON), number a NUMERIC, a float or an integer as the source is, integer up to NUMERIC without a fraction, datetime a TIMESTAMP in UTC.
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

/** 10 ** digits as Postgres' double. */
const power = (digits: number): Sql => raw(`cast(1e${digits} as double precision)`);

/**
 * Half away from zero. A float is rounded as floats are on the other engines, in binary: Postgres' own round(double)
 * goes to even and takes no digits.
 */
export function rounded(value: Sql, kind: Kind, digits: number): Sql {
  if (kind !== "float") return sql`round(cast(${value} as numeric), ${raw(String(digits))})`;
  const p = power(digits);
  const shifted = once(
    sql`cast(${value} as double precision)`,
    (v) => sql`case when abs(${v}) < 1e250 then ${v} * ${p} end`,
  );
  const whole = once(
    shifted,
    (y) => sql`(trunc(${y}) + case when abs(${y} - trunc(${y})) >= 0.5 then sign(${y}) else 0 end) / ${p}`,
  );
  // What is too large to be shifted has no fraction.
  return sql`coalesce(${whole}, cast(${value} as double precision))`;
}
