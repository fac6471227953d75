import { createHash } from "node:crypto";
import { join, raw, type Sql, sql } from "../sql.ts";
import { textLiteral } from "./literals.ts";

/**
 * The name under which a ledger keeps values of `fastHash`. Hash partitioning stands on the same functions, so Postgres
 * keeps them between releases; they do depend on the machine's byte order.
 * https://www.postgresql.org/docs/current/sql-createtable.html (PARTITION BY HASH)
 */
export const FAST_HASH = "postgres-record-hash@1";

/** A constant of 64 bits that stands for a text. */
const seedOf = (salt: string): Sql =>
  raw(`cast('${createHash("sha256").update(salt).digest().readBigInt64BE()}' as bigint)`);

/**
 * A BIGINT over the expressions in order; NULL differs from every value. A record's hash costs as much as comparing the
 * columns, md5 twice that. A NULL counts as 0 in it whatever the seed, hence the seed once more at the end.
 */
export function fastHash(expressions: readonly Sql[], salt: string): Sql {
  const seed = seedOf(salt);
  if (expressions.length === 0) return seed;
  return sql`(hash_record_extended(row(${join(expressions)}), ${seed}) # ${seed})`;
}

/**
 * md5 over the salt and each text in order, every one written as its length in UTF-8 bytes, a colon and itself; NULL is "-".
 * The same on every engine: ["a", null, ""] with salt "s" is md5("1:s" + "1:a" + "-" + "0:"). The database is in UTF-8.
 */
export function stableHash(texts: readonly Sql[], salt: string): Sql {
  const names = texts.map((_, i) => raw(`x${i}`));
  const parts = names.map((x) => sql`coalesce(octet_length(${x}) || ':' || ${x}, '-')`);
  const hash = sql`md5(${join([textLiteral(`${Buffer.byteLength(salt)}:${salt}`), ...parts], " || ")})`;
  if (texts.length === 0) return hash;
  // Each text is named twice, and writing a float or a time as text costs more than hashing it: see `once`.
  const named = join(texts.map((text, i) => sql`${text} as ${names[i] ?? raw("x")}`));
  return sql`(select ${hash} from (select ${named} offset 0) millrace_s)`;
}
