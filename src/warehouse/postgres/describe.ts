import { z } from "zod";
import type { Relation } from "../../core/relation.ts";
import type { SourceColumn } from "../dialect.ts";
import { type Sql, sql } from "../sql.ts";
import { typeOf } from "./types.ts";

const row = z.object({ name: z.string(), native: z.string() });

/**
 * The columns of a table or view, from the catalog, which everybody may read. A domain is what it is made of.
 * Relations of another database do not exist here.
 */
export const columnsQuery = ({ database, schema, name }: Relation): Sql => sql`
  with recursive columns as (
    select a.attnum, a.attname, a.atttypid as type, a.atttypmod as modifier
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    where c.relname = cast(${name} as text) and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
      and c.relnamespace = case when ${schema} = 'pg_temp' then pg_catalog.pg_my_temp_schema()
        else (select n.oid from pg_catalog.pg_namespace n where n.nspname = cast(${schema} as text)) end
      and (cast(${database ?? null} as text) is null or cast(${database ?? null} as text) = pg_catalog.current_database())
    union all
    select c.attnum, c.attname, t.typbasetype, case when c.modifier = -1 then t.typtypmod else c.modifier end
    from columns c join pg_catalog.pg_type t on t.oid = c.type and t.typtype = 'd'
  )
  select c.attname as name, pg_catalog.format_type(c.type, c.modifier) as native
  from columns c join pg_catalog.pg_type t on t.oid = c.type and t.typtype <> 'd' order by c.attnum`;

/** Rows of `columnsQuery` as columns; null where there is no such relation. */
export const columnRow = row.transform(
  ({ name, native }): SourceColumn => ({ name, type: typeOf(native), nativeType: native }),
);
