import type { Plan } from "../core/plan.ts";
import type { Column } from "../core/relation.ts";
import type { Row } from "../core/value.ts";
import { join, raw, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";

/** Every planned row with its fate, for the rest of the session. */
export const fatesTable = raw("millrace_fates");

const columns: readonly Column[] = [
  { name: "from_seq", type: "int" },
  { name: "to_seq", type: "int" },
  { name: "status", type: "text" },
  { name: "code", type: "text" },
  { name: "message", type: "text" },
  { name: "external_id", type: "text" },
  { name: "attempt", type: "int" },
];

/** Bulk-loads result ranges and spreads them over the plan's rows: a million delivered rows arrive as a few ranges. */
export async function loadFates(session: Session, plan: Plan, pages: AsyncIterable<readonly Row[]>): Promise<void> {
  const { dialect } = session;
  const staging = dialect.temporary("millrace_staged_results");
  const staged = dialect.ident(staging.name);
  const definitions = columns.map(({ name, type }) => sql`${dialect.ident(name)} ${dialect.typeName(type)}`);
  await session.execute([
    sql`drop table if exists ${staged}`,
    sql`drop table if exists ${fatesTable}`,
    sql`create temporary table ${staged} (${join(definitions)})`,
  ]);
  await session.load(staging, columns, pages);
  await session.execute([
    sql`create temporary table ${fatesTable} as
      select p.seq, p.op, p.key, p.match_hash, p.prev_key, p.prev_match_hash, p.identifiers, p.fast_fp, p.stable_fp,
        p.external_id as known_external_id, r.status, r.code, r.message, r.external_id, r.attempt
      from ${dialect.relation(plan.table)} p join ${staged} r on p.seq between r.from_seq and r.to_seq
      where p.run_id = ${plan.runId}`,
  ]);
}
