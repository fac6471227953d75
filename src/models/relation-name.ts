import { ConfigError } from "../core/errors.ts";
import type { Relation } from "../core/relation.ts";

/** Where each engine puts tables that name no schema. */
const defaultSchemas: Readonly<Record<string, string>> = { duckdb: "main", postgres: "public", snowflake: "PUBLIC" };

/** @param schema where a bare name is, in place of the engine's own. `name`, `schema.name` or `database.schema.name`; parts may be quoted to hold dots. */
export function relationNamed(written: string, engine: string, what: string, schema?: string): Relation {
  const parts = [...written.matchAll(/"((?:[^"]|"")*)"|[^."]+/g)].map(
    // Snowflake's dialect reads quotes itself: there they tell "orders" from ORDERS.
    (part) => (engine === "snowflake" ? part[0] : (part[1]?.replaceAll('""', '"') ?? part[0])),
  );
  const [first, second, third] = parts;
  if (first !== undefined && parts.length === 1) {
    const found = schema ?? defaultSchemas[engine];
    if (found !== undefined) return { schema: found, name: first };
  }
  if (first !== undefined && second !== undefined && parts.length === 2) return { schema: first, name: second };
  if (first !== undefined && second !== undefined && third !== undefined && parts.length === 3) {
    return { database: first, schema: second, name: third };
  }
  throw new ConfigError(`${what}: "${written}" names no table`, {
    hint: "Write schema.table or database.schema.table.",
  });
}
