/**
 * Snowflake folds what stands unquoted to upper case, so `email` in a model is EMAIL in the catalog. People write lower case,
 * in models and in Millrace's files alike, and must not notice: a plain lower-case name of ours is the upper-case one there.
 * A name that somebody made in quotes keeps its case there; where it would be taken for a plain one, it stands in double
 * quotes here as well. https://docs.snowflake.com/en/sql-reference/identifiers-syntax
 */
const PLAIN_HERE = /^[a-z_][a-z0-9_$]*$/;
const PLAIN_THERE = /^[A-Z_][A-Z0-9_$]*$/;
const QUOTED = /^"((?:[^"]|"")+)"$/;

/** The exact name in Snowflake's catalog. */
export function catalogName(name: string): string {
  if (PLAIN_HERE.test(name)) return name.toUpperCase();
  const quoted = QUOTED.exec(name)?.[1];
  return quoted === undefined ? name : quoted.replaceAll('""', '"');
}

/** The other way round: `catalogName(ourName(x))` is x. */
export function ourName(exact: string): string {
  if (PLAIN_THERE.test(exact)) return exact.toLowerCase();
  return PLAIN_HERE.test(exact) || QUOTED.test(exact) ? `"${exact.replaceAll('"', '""')}"` : exact;
}
