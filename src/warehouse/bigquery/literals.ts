import { ConfigError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { raw, type Sql } from "../sql.ts";

/**
 * What a column's name can hold: letters, digits and marks of any script, and these signs.
 * https://cloud.google.com/bigquery/docs/schemas#column_names (flexible column names)
 */
const COLUMN = /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}&%=+:'<>#|]+$/u;
/** UTF-8 bytes of a table's name, characters of a column's: the smaller of the two. */
export const MAX_IDENTIFIER = 300;

/** A name between backquotes; names with signs that BigQuery refuses everywhere are a ConfigError. */
export function ident(name: string): Sql {
  const fault =
    name === ""
      ? "A name is empty."
      : name.includes("\u0000")
        ? "A name holds a NUL character."
        : [...name].length > MAX_IDENTIFIER
          ? `The name ${name} is longer than ${MAX_IDENTIFIER} characters.`
          : COLUMN.test(name)
            ? null
            : `The name ${name} has a sign that BigQuery allows in no name.`;
  if (fault !== null) throw new ConfigError(fault, { hint: "Give the table or column a name that BigQuery can hold." });
  return raw(`\`${name}\``);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  "\n": "\\n",
  "\r": "\\r",
  "\u0000": "\\x00",
};

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences */
export const quoted = (value: string): string => `'${[...value].map((sign) => ESCAPES[sign] ?? sign).join("")}'`;

export const textLiteral = (value: string): Sql => raw(quoted(value));

/** A question mark is a value's place unless it stands in a literal, a raw literal or a quoted name. */
const PLACES = /r'[^'\n]*'|'(?:[^'\\]|\\.)*'|`[^`]*`|\?/gs;

export interface QueryParameter {
  readonly name: string;
  readonly parameterType: { readonly type: string };
  readonly parameterValue: { readonly value: string | null };
}

/** The type follows the value: BigQuery compares no text with a number. NULL is text, and casts to anything. */
function typeOfValue(value: Value): string {
  if (typeof value === "number") return Number.isSafeInteger(value) ? "INT64" : "FLOAT64";
  return typeof value === "boolean" ? "BOOL" : "STRING";
}

/** Several statements as one request, their values as named, typed parameters: `?` becomes @p1, @p2, … */
export function scriptOf(statements: readonly Sql[]): {
  readonly query: string;
  readonly parameters: QueryParameter[];
} {
  const parameters: QueryParameter[] = [];
  const bind = ({ text, values }: Sql): string => {
    let n = 0;
    return text.replace(PLACES, (part) => {
      if (part !== "?") return part;
      const value = values[n++] ?? null;
      const name = `p${parameters.length + 1}`;
      const written = value === null ? null : typeof value === "object" ? JSON.stringify(value) : String(value);
      parameters.push({ name, parameterType: { type: typeOfValue(value) }, parameterValue: { value: written } });
      return `@${name}`;
    });
  };
  return { query: statements.map(bind).join(";\n"), parameters };
}
