import type { Relation } from "../../core/relation.ts";
import type { Grant, Grants, Need } from "../grants.ts";
import { probeReads } from "../probe-reads.ts";
import { raw } from "../sql.ts";

export interface SnowflakeGrantsOptions {
  readonly role?: string;
  /** The virtual warehouse. */
  readonly warehouse: string;
  readonly database: string;
}

/** Unquoted where that names the same: Snowflake folds plain names to upper case. https://docs.snowflake.com/en/sql-reference/identifiers-syntax */
const name = (text: string): string =>
  /^([a-z_][a-z0-9_$]*|[A-Z_][A-Z0-9_$]*)$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;

const relationName = ({ database, schema, name: table }: Relation, fallback: string): string =>
  [database ?? fallback, schema, table].map(name).join(".");

/** Rights on Snowflake. https://docs.snowflake.com/en/user-guide/security-access-control-privileges */
export function snowflakeGrants(o: SnowflakeGrantsOptions): Grants {
  const schemaOf = (schema: string, database = o.database): string => `${name(database)}.${name(schema)}`;

  function grantsOf(need: Need, role: string): Grant[] {
    const to = `to role ${name(role)}`;
    switch (need.kind) {
      case "connect":
        return [
          { need, statement: `grant usage on warehouse ${name(o.warehouse)} ${to}` },
          { need, statement: `grant usage on database ${name(o.database)} ${to}` },
        ];
      case "temporary":
        // Temporary tables ask for no right besides those on the schema they are made in.
        return [];
      case "own":
        return [
          { need, statement: `create schema if not exists ${schemaOf(need.schema)}` },
          { need, statement: `grant usage, create table, create view on schema ${schemaOf(need.schema)} ${to}` },
        ];
      case "use": {
        const { database } = need;
        return [
          ...(database === undefined || database === o.database
            ? []
            : [{ need, statement: `grant usage on database ${name(database)} ${to}` }]),
          { need, statement: `grant usage on schema ${schemaOf(need.schema, database)} ${to}` },
        ];
      }
      case "read":
        return [
          {
            need,
            statement: `grant select on table ${relationName(need.relation, o.database)} ${to}`,
            note: "a view: on view; dbt keeps it with copy_grants or grants",
          },
        ];
    }
  }

  return {
    role: o.role ?? null,
    statements: (needs, role) => needs.flatMap((need) => grantsOf(need, role)),
    missing: (session, needs) => probeReads(session, needs, (relation) => raw(relationName(relation, o.database))),
  };
}
