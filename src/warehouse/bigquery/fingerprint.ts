import { join, raw, type Sql, sql } from "../sql.ts";
import { textLiteral } from "./literals.ts";

/**
 * The name under which a ledger keeps values of `fastHash`: FARM_FINGERPRINT never changes.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#farm_fingerprint
 */
export const FAST_HASH = "bigquery-farm@1";

/** Every text as its length in UTF-8 bytes, a colon and itself; NULL is "-": no two lists of texts are written alike. */
const encoded = (texts: readonly Sql[], salt: string): Sql => {
  const parts = texts.map((text) => sql`coalesce(concat(cast(byte_length(${text}) as string), ':', ${text}), '-')`);
  return sql`concat(${join([textLiteral(`${Buffer.byteLength(salt)}:${salt}`), ...parts])})`;
};

/** A BIGINT over texts in order (`hashable` makes texts of all types); NULL differs from every value. */
export const fastHash = (texts: readonly Sql[], salt: string): Sql => sql`farm_fingerprint(${encoded(texts, salt)})`;

/** md5 over the same writing, equal on every engine: ["a", null, ""] with salt "s" is md5("1:s" + "1:a" + "-" + "0:"). */
export const stableHash = (texts: readonly Sql[], salt: string): Sql =>
  sql`${raw("to_hex")}(md5(${encoded(texts, salt)}))`;
