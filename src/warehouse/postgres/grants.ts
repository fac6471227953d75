import { z } from "zod";
import type { Relation } from "../../core/relation.ts";
import type { Grant, Grants, Need } from "../grants.ts";
import { join, type Sql, sql } from "../sql.ts";
import type { Session } from "../warehouse.ts";
import { createPostgresDialect } from "./dialect.ts";

const { ident, relation } = createPostgresDialect();
const name = (text: string): string => ident(text).text;

/** Rights on Postgres. https://www.postgresql.org/docs/current/ddl-priv.html */
export function postgresGrants(url: string): Grants {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const user = decodeURIComponent(parsed?.username ?? "");
  const database = decodeURIComponent(parsed?.pathname.slice(1) ?? "") || user || "postgres";
  return {
    role: user === "" ? null : user,
    statements: (needs, role) => needs.flatMap((need) => grantsOf(need, database, name(role))),
    missing,
  };
}

/** Without the database, which dbt names: a statement of Postgres knows no other than its own. */
const tableOf = ({ schema, name: table }: Relation): string => relation({ schema, name: table }).text;

function grantsOf(need: Need, database: string, role: string): Grant[] {
  switch (need.kind) {
    case "connect":
      return [{ need, statement: `grant connect on database ${name(database)} to ${role}` }];
    case "temporary":
      return [{ need, statement: `grant temporary on database ${name(database)} to ${role}` }];
    case "own":
      return [
        { need, statement: `create schema if not exists ${name(need.schema)}` },
        { need, statement: `grant usage, create on schema ${name(need.schema)} to ${role}` },
      ];
    case "use":
      return [{ need, statement: `grant usage on schema ${name(need.schema)} to ${role}` }];
    case "read":
      return [{ need, statement: `grant select on ${tableOf(need.relation)} to ${role}` }];
  }
}

const lacking = z.object({ n: z.number() });

async function missing(session: Session, needs: readonly Need[]): Promise<readonly Need[]> {
  const probes = needs.flatMap((need, n) => {
    const lacks = lacksOf(need);
    return lacks === null ? [] : [sql`select cast(${n} as int) as n where ${lacks}`];
  });
  if (probes.length === 0) return [];
  const found = await session.query(sql`${join(probes, " union all ")} order by n`, lacking);
  return found.flatMap(({ n }) => needs[n] ?? []);
}

/** The functions answer NULL for an object that is not there: it is made later, or by dbt, and lacks nothing yet. */
function lacksOf(need: Need): Sql | null {
  switch (need.kind) {
    case "connect":
      // Whoever can ask has it.
      return null;
    case "temporary":
      return sql`not has_database_privilege(current_database(), 'TEMPORARY')`;
    case "own":
      // A role that may make schemas makes its own.
      return sql`case when exists (${schemaOid(need.schema)})
        then exists (select 1 from (${schemaOid(need.schema)}) s where not has_schema_privilege(s.oid, 'USAGE') or not has_schema_privilege(s.oid, 'CREATE'))
        else not has_database_privilege(current_database(), 'CREATE') end`;
    case "use":
      return sql`exists (select 1 from (${schemaOid(need.schema)}) s where not has_schema_privilege(s.oid, 'USAGE'))`;
    case "read":
      return sql`exists (select 1 from pg_catalog.pg_class c where c.relname = cast(${need.relation.name} as text)
        and c.relnamespace in (${schemaOid(need.relation.schema)}) and c.relkind in ('r', 'p', 'v', 'm', 'f') and not has_table_privilege(c.oid, 'SELECT'))`;
  }
}

const schemaOid = (schema: string): Sql =>
  sql`select n.oid from pg_catalog.pg_namespace n where n.nspname = cast(${schema} as text)`;
