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
    edge: await app.model("identity_edge"),
    alias: await app.model("profile_alias"),
    profile: await app.model("profile"),
    violation: await app.model("identity_violation"),
    decision: state("decision"),
    run: state("state_run"),
    step: state("state_step"),
    pointer: state("state_pointer"),
    profiles: state("state_profile"),
    lineage: state("state_lineage"),
    records: state("state_record"),
    observations: state("state_observation"),
    components: state("state_component"),
  };
}

export type IdentityTables = Awaited<ReturnType<typeof identityTables>>;

/** Is a row of a state table published? As the macro `identity_is_open` asks. */
export function isPublished(session: Session, { pointer }: IdentityTables, alias: "r" | "o" | "c"): Sql {
  const at = sql`(select max(run) from ${session.dialect.relation(pointer)})`;
  const row = raw(alias);
  return sql`${row}.from_run <= ${at} and (${row}.to_run is null or ${row}.to_run > ${at})`;
}
