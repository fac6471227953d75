import type { Value } from "../../core/value.ts";
import { raw, type Sql } from "../sql.ts";

/** Text in quotes. A backslash escapes there: https://docs.snowflake.com/en/sql-reference/data-types-text#escape-sequences-in-single-quoted-string-constants */
export const quoted = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

export const textLiteral = (value: string): Sql => raw(quoted(value));

/** A question mark is a value's place unless it stands in a literal or a quoted name. */
const PLACES = /'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|\?/gs;

/** The statement with its values written out, for a script: there the driver binds none. */
export function spelledOut({ text, values }: Sql): string {
  let n = 0;
  return text.replace(PLACES, (part) => {
    if (part !== "?") return part;
    const value = parameter(values[n++] ?? null);
    return typeof value === "string" ? quoted(value) : String(value);
  });
}

/** A bound value as the driver takes it: lists and objects as their JSON text. */
export function parameter(value: Value): string | number | boolean | null {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "object") return JSON.stringify(value);
  // Whole numbers are bound as NUMBER; a fraction would be bound as REAL, and lose digits on its way.
  return typeof value === "number" && !Number.isSafeInteger(value) ? String(value) : value;
}
