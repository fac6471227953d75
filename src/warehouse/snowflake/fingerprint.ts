import { join, type Sql, sql } from "../sql.ts";
import { textLiteral } from "./literals.ts";

/**
 * The name under which a ledger keeps values of `fastHash`. Snowflake documents HASH as stable: equal values hash equal,
 * whatever the column's digits or length. https://docs.snowflake.com/en/sql-reference/functions/hash
 */
export const FAST_HASH = "snowflake-hash@1";

/**
 * A number of 63 bits over the expressions in order; NULL differs from every value, and the result is never NULL. The sign is
 * masked off, as DuckDB's is, so that both read the same: a comparison is per key, so 63 bits have no birthday problem.
 */
export const fastHash = (expressions: readonly Sql[], salt: string): Sql =>
  sql`cast(bitand(hash(${join([textLiteral(salt), ...expressions])}), 9223372036854775807) as bigint)`;

/**
 * md5 over the salt and each text in order, every one written as its length in UTF-8 bytes, a colon and itself; NULL is "-".
 * Fixed for ever and the same on every engine: ["a", null, ""] with salt "s" is md5("1:s" + "1:a" + "-" + "0:").
 */
export function stableHash(texts: readonly Sql[], salt: string): Sql {
  const parts = texts.map((text) => sql`coalesce(to_varchar(octet_length(${text})) || ':' || ${text}, '-')`);
  return sql`md5(${join([textLiteral(`${Buffer.byteLength(salt)}:${salt}`), ...parts], " || ")})`;
}
