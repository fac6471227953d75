import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { DiscoveredField, TargetCtx } from "../connector.ts";
import type { PostgresAccount } from "./account.ts";
import { inTransaction } from "./database.ts";
import { type TableOptions, tableName } from "./options.ts";

/** Exact numerics, zoneless times, JSON and arrays are taken as text of their own: a coercion could only lose something. */
const types: Readonly<Record<string, FieldType>> = {
  text: "text",
  "character varying": "text",
  character: "text",
  uuid: "text",
  smallint: "integer",
  integer: "integer",
  bigint: "integer",
  real: "number",
  "double precision": "number",
  boolean: "boolean",
  date: "date",
  "timestamp with time zone": "datetime",
};

const row = z.object({
  column_name: z.string(),
  data_type: z.string(),
  required: z.boolean(),
  writable: z.boolean(),
});

/** The columns of the table; none where there is no such table yet. */
export async function tableColumns(ctx: TargetCtx<PostgresAccount, TableOptions>): Promise<readonly DiscoveredField[]> {
  const { schema, table } = tableName(ctx.account, ctx.options);
  const rows = await inTransaction(ctx, (client) =>
    client.query(
      `select column_name, data_type, is_nullable = 'NO' and column_default is null and is_identity = 'NO' as required,
              is_generated = 'NEVER' and coalesce(identity_generation, '') <> 'ALWAYS' as writable
         from information_schema.columns where table_schema = $1 and table_name = $2 order by ordinal_position`,
      [schema, table],
    ),
  );
  return rows.rows
    .map((one) => row.parse(one))
    .map(({ column_name, data_type, required, writable }) => ({
      name: column_name,
      type: types[data_type] ?? null,
      required,
      writable,
    }));
}
