import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { PostgresAccount } from "./account.ts";
import { identifier } from "./account.ts";

export const tableOptions = z.strictObject({
  table: identifier,
  schema: identifier.optional().meta({ description: "default: the account's" }),
  create: z.boolean().default(false).meta({ description: "make the table, and columns it lacks" }),
  types: z
    .record(z.string(), z.enum(["text", "number", "integer", "boolean", "date", "datetime", "json"]))
    .default({})
    .meta({ description: "types of created columns; default text" }),
});

export type TableOptions = z.infer<typeof tableOptions>;

export const createdTypes: Readonly<Record<FieldType, string>> = {
  text: "text",
  number: "double precision",
  integer: "bigint",
  boolean: "boolean",
  date: "date",
  datetime: "timestamptz",
  json: "jsonb",
};

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

export const tableName = (account: PostgresAccount, options: TableOptions): TableName => ({
  schema: options.schema ?? account.schema,
  table: options.table,
});
