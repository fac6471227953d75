import { ConfigError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { raw, type Sql } from "../sql.ts";

/** Text in quotes; every session sets standard_conforming_strings, so a backslash is a backslash. */
export function quoted(value: string): string {
  if (value.includes("\u0000")) {
    throw new ConfigError("Postgres cannot hold a NUL character in text.", {
      hint: "Take the NUL character out of the value.",
    });
  }
  return `'${value.replaceAll("'", "''")}'`;
}

export const textLiteral = (value: string): Sql => raw(quoted(value));

/** A bound value as Postgres reads it: lists and objects as their JSON text. */
export function parameter(value: Value): string | null {
  if (value === null) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A question mark is a value's place unless it stands in a literal or a quoted name. */
const PLACES = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/g;

/** `?` as `$1`, `$2`, … */
export function numbered(text: string): string {
  let n = 0;
  return text.replace(PLACES, (part) => (part === "?" ? `$${++n}` : part));
}

/**
 * The statement with its values written out, for COPY, which takes no parameters. Quoted like this a value has the type
 * that a parameter in its place would get.
 */
export function spelledOut({ text, values }: Sql): string {
  let n = 0;
  return text.replace(PLACES, (part) => {
    if (part !== "?") return part;
    const value = parameter(values[n++] ?? null);
    return value === null ? "null" : quoted(value);
  });
}
