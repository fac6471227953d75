import type { Literal } from "../core/declared.ts";

/**
 * A constant in compiled SQL: the one place where a value of the files becomes text that dbt renders and a warehouse runs.
 *
 * Plain text is quoted as it is. Anything else goes through the package's `text_literal`, because engines escape differently (BigQuery
 * and Snowflake read a backslash, BigQuery knows no doubled quote) and because dbt would render `{{ }}` inside a quoted text: the
 * argument is a Jinja string in which every character that Jinja or SQL could read is written as its code.
 */
export function literal(value: Literal): string {
  if (typeof value === "number") return numberLiteral(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  return plain.test(value) ? `'${value}'` : `{{ millrace.text_literal(${jinjaText(value)}) }}`;
}

const plain = /^[\p{L}\p{N} _.,:;@/+-]*$/u;

/** Decimal digits: engines read 1e21 as a float, and Infinity as a column. */
function numberLiteral(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError("a constant must be finite");
  const text = String(value);
  return /e/.test(text) ? `cast('${text}' as {{ millrace.type_double() }})` : text;
}

/** A Jinja string constant. Letters, digits and harmless signs stay readable. */
export function jinjaText(value: string): string {
  const safe = value.replace(/[^\p{L}\p{N} _.,:;@/+*()^$|?=<>!&'[\]~-]/gu, (character) =>
    [...character].map(escapeCharacter).join(""),
  );
  return `"${safe}"`;
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Words of a person in an SQL comment: one line, and nothing that dbt would render. */
export const comment = (text: string): string =>
  text.replace(/[{}]/g, "").replace(/\*\//g, "").replace(/\s+/g, " ").trim();
