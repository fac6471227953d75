import type { FieldType } from "../core/sync.ts";
import type { Sql } from "./sql.ts";

/** How one engine makes each field type of a value of its own kinds; null: no value of that kind can be one. */
export interface Coercions<K extends string> {
  text(x: Sql, kind: K): Sql;
  json(x: Sql, kind: K): Sql;
  number(x: Sql, kind: K): Sql | null;
  integer(x: Sql, kind: K): Sql | null;
  boolean(x: Sql, kind: K): Sql | null;
  date(x: Sql, kind: K): Sql | null;
  datetime(x: Sql, kind: K): Sql | null;
  /** What a JSON scalar holds, as text: "5" and 5 are both the number 5. */
  jsonScalar(x: Sql): Sql;
  /** NULL of the type that the function of that name gives. */
  readonly nulls: { readonly [type in Exclude<FieldType, "text" | "json">]: Sql };
}

/** The engine's cast to a field type, NULL where the value cannot be one. */
export function coercion<K extends string>(
  engine: Coercions<K | "text" | "json">,
): (x: Sql, from: K | "text" | "json", type: FieldType) => Sql {
  return (x, from, type) => {
    if (type === "json") return engine.json(x, from);
    const kind = from === "json" ? "text" : from;
    const value = from === "json" ? engine.jsonScalar(x) : x;
    return type === "text" ? engine.text(value, kind) : (engine[type](value, kind) ?? engine.nulls[type]);
  };
}
