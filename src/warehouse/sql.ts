import type { Value } from "../core/value.ts";

/** A statement with its bound values; `?` stands for each value, in order. Made only by the `sql` tag, `raw`, `join` and a Dialect. */
export interface Sql {
  readonly text: string;
  readonly values: readonly Value[];
}

/** Every Sql made here. A user's JSON value that merely looks like `{text, values}` is bound, never spliced. */
const made = new WeakSet<object>();

const make = (text: string, values: readonly Value[]): Sql => {
  const statement: Sql = { text, values };
  made.add(statement);
  return statement;
};

const isSql = (part: Sql | Value): part is Sql => typeof part === "object" && part !== null && made.has(part);

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
  return make(text, values);
}

/** Text that a Dialect produced (a quoted identifier, an engine's own function). Never for anything a user wrote. */
export const raw = (text: string): Sql => make(text, []);

/** Joins statements with a separator; an empty list gives an empty statement. */
export function join(parts: readonly Sql[], separator = ", "): Sql {
  return make(
    parts.map((part) => part.text).join(separator),
    parts.flatMap((part) => part.values),
  );
}
