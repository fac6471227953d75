import { version } from "@duckdb/node-api";
import { join, type Sql, sql } from "../sql.ts";

/** The engine's own hash and the name its values go by in a ledger. */
export interface FastHash {
  readonly name: string;
  /** A BIGINT over the expressions in order; NULL differs from every value. */
  of(expressions: readonly Sql[], salt: string): Sql;
}

/** "v1.5.6" → "1.5": DuckDB promises nothing about `hash` between releases, so a ledger names the one it was made by. */
const release = version().replace(/^v?(\d+\.\d+).*$/, "$1");

/**
 * DuckDB's `hash`: positions and NULLs count. The top bit is masked off because UBIGINT does not fit a signed 64-bit
 * integer and any other mapping costs up to twice as much; a comparison is per key, so 63 bits have no birthday problem.
 */
export const duckDbHash: FastHash = {
  name: `duckdb-hash@${release}`,
  of: (expressions, salt) => sql`cast(hash(${join([sql`${salt}`, ...expressions])}) & 9223372036854775807 as bigint)`,
};

/**
 * md5 over the salt and each text in order, every one written as its length in UTF-8 bytes, a colon and itself; NULL is "-".
 * Fixed for ever and the same on every engine: ["a", null, ""] with salt "s" is md5("1:s" + "1:a" + "-" + "0:").
 */
export function stableHash(texts: readonly Sql[], salt: string): Sql {
  const parts = texts.map((text) => sql`coalesce(concat(strlen(${text}), ':') || ${text}, '-')`);
  return sql`md5(concat(${join([sql`${`${Buffer.byteLength(salt)}:${salt}`}`, ...parts])}))`;
}
