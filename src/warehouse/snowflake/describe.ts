import { z } from "zod";
import type { Relation } from "../../core/relation.ts";
import type { Dialect, SourceColumn } from "../dialect.ts";
import { type Sql, sql } from "../sql.ts";
import { ourName } from "./names.ts";
import { typeOf } from "./types.ts";

/**
 * Answered from the catalog, without the virtual warehouse, for tables and views.
 * https://docs.snowflake.com/en/sql-reference/sql/desc-table
 */
export const describeTable = (dialect: Dialect, ref: Relation): Sql => sql`describe table ${dialect.relation(ref)}`;

/** A row of the answer as a column. Its own names are lower case there, so they stand in quotes here (see names.ts). */
export const columnRow = z.object({ '"name"': z.string(), '"type"': z.string() }).transform((row): SourceColumn => {
  const nativeType = row['"type"'];
  return { name: ourName(row['"name"']), type: typeOf(nativeType), nativeType };
});
