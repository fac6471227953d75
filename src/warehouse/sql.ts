import type { Value } from "../core/value.ts";

/** A statement with its bound values; `?` stands for each value, in order. Made only by the `sql` tag, `join` and a Dialect. */
export interface Sql {
  readonly text: string;
  readonly values: readonly Value[];
}

const isSql = (part: unknown): part is Sql =>
  typeof part === "object" && part !== null && "text" in part && "values" in part && Array.isArray(part.values);

/** Builds a statement: a nested Sql is spliced in with its values, anything else is bound as a value. */
export function sql(strings: TemplateStringsArray, ...parts: readonly (Sql | Value)[]): Sql {
  let text = strings[0] ?? "";
  const values: Value[] = [];
  for (const [i, part] of parts.entries()) {
    if (isSql(part)) {
      text += part.text;
      values.push(...part.values);
    } else {
      text += "?";
      values.push(part);
    }
    text += strings[i + 1] ?? "";
  }
  return { text, values };
}

/** Text that a Dialect produced (a quoted identifier, an engine's own function). Never for anything a user wrote. */
export const raw = (text: string): Sql => ({ text, values: [] });

/** Joins statements with a separator; an empty list gives an empty statement. */
export function join(parts: readonly Sql[], separator = ", "): Sql {
  return { text: parts.map((part) => part.text).join(separator), values: parts.flatMap((part) => part.values) };
}
