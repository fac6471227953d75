import { z } from "zod";
import type { SourceColumn } from "../dialect.ts";
import type { Sql } from "../sql.ts";
import { type Field, fieldSchema, nativeTypeOf } from "./cells.ts";
import { typeOf } from "./types.ts";

/** A table's definition, as the API gives it. */
export const tableSchema = z.looseObject({
  schema: z.looseObject({ fields: z.array(fieldSchema).optional() }).optional(),
});

export const columnsOf = (fields: readonly Field[]): SourceColumn[] =>
  fields.map((field) => {
    const nativeType = nativeTypeOf(field);
    return { name: field.name, type: typeOf(nativeType), nativeType };
  });

/** Statements that make a dataset become its name. */
export function datasetsApart(list: readonly Sql[]): (string | readonly Sql[])[] {
  const parts: (string | Sql[])[] = [];
  for (const statement of list) {
    const dataset = /^\s*create\s+schema\s+if\s+not\s+exists\s+`?([^`\s]+)`?\s*$/i.exec(statement.text)?.[1];
    const last = parts.at(-1);
    if (dataset !== undefined) parts.push(dataset);
    else if (last === undefined || typeof last === "string") parts.push([statement]);
    else last.push(statement);
  }
  return parts;
}
