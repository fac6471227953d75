/** What a statement does to a transaction that is under way. https://docs.snowflake.com/en/sql-reference/transactions#ddl */
export type Effect = "ddl" | "dml" | "none";

const DDL = /^\s*(create|drop|alter|truncate|undrop|grant|revoke|comment)\b/i;
const DML = /^\s*(insert|update|delete|merge|copy)\b/i;
const TEMPORARY = /^\s*create\s+(or\s+replace\s+)?temp(orary)?\s+table\b/i;
const SCHEMA = /^\s*create\s+(transient\s+)?schema\s+if\s+not\s+exists\s+(.+?)\s*$/i;

export const effectOf = (text: string): Effect => (DDL.test(text) ? "ddl" : DML.test(text) ? "dml" : "none");

export const makesTemporaryTable = (text: string): boolean => TEMPORARY.test(text);

/** The quoted name in `create schema if not exists "NAME"`. */
export const schemaToMake = (text: string): string | null => SCHEMA.exec(text)?.[2] ?? null;
