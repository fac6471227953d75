import { z } from "zod";
import { IdentityStateOlder, RelationMissing } from "../../core/errors.ts";
import type { Relation } from "../../core/relation.ts";
import { raw, type Sql, sql } from "../../warehouse/sql.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App } from "../app.ts";

/** Identity's published tables, and the state tables beside `identity_resolution`. */
export async function identityTables(app: App) {
  const resolution = await app.model("identity_resolution");
  const state = (name: string): Relation => ({ ...resolution, name: `identity_${name}` });
  return {
    component: await app.model("identity_component"),
    identifier: await app.model("identifier"),
    history: await app.model("identifier_profile_history"),
    edge: await app.model("identity_edge"),
    alias: await app.model("profile_alias"),
    profile: await app.model("profile"),
    violation: await app.model("identity_violation"),
    decision: state("decision"),
    run: state("state_run"),
    step: state("state_step"),
    pointer: state("state_pointer"),
    version: state("state_version"),
    profiles: state("state_profile"),
    lineage: state("state_lineage"),
    records: state("state_record"),
    observations: state("state_observation"),
    components: state("state_component"),
  };
}

export type IdentityTables = Awaited<ReturnType<typeof identityTables>>;

/**
 * Throws IdentityStateOlder where the state tables are not yet what the macro `identity_migrations` made of them in version `needed`:
 * builds bring them forward, verbs that read do not.
 */
export async function needStateVersion(session: Session, { version }: IdentityTables, needed: number): Promise<void> {
  const found = await stateVersion(session, version);
  if (found >= needed) return;
  const tables = `The identity tables of schema ${version.schema}`;
  throw new IdentityStateOlder(`${tables} are of state version ${found}, and this needs ${needed}.`, {
    hint: "Run `millrace build`: it brings them forward, and changes no profile's id.",
    context: { found, needed },
  });
}

/** 0: of the time before versions. */
async function stateVersion(session: Session, table: Relation): Promise<number> {
  const rows = z.object({ version: z.coerce.number() });
  try {
    const [newest] = await session.query(
      sql`select coalesce(max(version), 0) as version from ${session.dialect.relation(table)}`,
      rows,
    );
    return newest?.version ?? 0;
  } catch (error) {
    if (error instanceof RelationMissing) return 0;
    throw error;
  }
}

/** Is a row of a state table published? As the macro `identity_is_open` asks. */
export function isPublished(session: Session, { pointer }: IdentityTables, alias: "r" | "o" | "c"): Sql {
  const at = sql`(select max(run) from ${session.dialect.relation(pointer)})`;
  const row = raw(alias);
  return sql`${row}.from_run <= ${at} and (${row}.to_run is null or ${row}.to_run > ${at})`;
}
