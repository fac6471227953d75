import type { Plan } from "../core/plan.ts";
import type { SyncTables } from "../state/names.ts";
import { columnList, rejectColumns } from "../state/schema.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { raw, type Sql, sql } from "../warehouse/sql.ts";
import { fatesTable } from "./load-fates.ts";

/** What is refused now, with its attempts, for the rest of the session. */
export const freshRejectsTable = raw("millrace_rejects");

/** What the platform refused (attempts count while the content is the same), and what the plan refused (`op = 'refuse'`), which every plan states anew. */
export function freshRejectsStatements(dialect: Dialect, own: SyncTables, plan: Plan, at: Date): Sql[] {
  const text = dialect.typeName("text");
  const instant = sql`cast(${at.toISOString()} as ${dialect.typeName("timestamp")})`;
  const runId = sql`cast(${plan.runId} as ${text})`;
  const attempts = raw(
    "case when old.fingerprint is not distinct from n.fingerprint then coalesce(old.attempts, 0) else 0 end + 1",
  );
  return [
    dialect.dropTemporary(freshRejectsTable),
    sql`create temporary table ${freshRejectsTable} as
      select n.key, n.match, n.op, n.fingerprint, n.code, n.message, ${attempts} as attempts,
        coalesce(old.first_at, ${instant}) as first_at, ${instant} as last_at, ${runId} as last_run
      from (
        select key, identifiers as match, op, stable_fp as fingerprint, code, message from ${fatesTable} where status = 'rejected'
        union all
        select p.key, p.identifiers, 'refuse', p.stable_fp, p.code,
          p.message || case when p.copies > 1 then ' (' || cast(p.copies as ${text}) || ' rows)' else '' end
        from ${planned(dialect, plan)} and p.op = 'refuse'
      ) n
      left join ${dialect.relation(own.rejects)} old
        on old.key is not distinct from n.key and old.op = n.op and old.match = n.match`,
  ];
}

/**
 * Brings `rejects__<sync>` up to date by `freshRejectsTable`; away with what has another fate now, or says nothing any
 * more. A key's writes share one fate, whatever their match; each removal has its own.
 */
export function rejectsStatements(dialect: Dialect, own: SyncTables, plan: Plan): Sql[] {
  const rejects = dialect.relation(own.rejects);
  const columns = columnList(dialect, rejectColumns);
  const decided = raw("f.status in ('delivered', 'accepted', 'rejected')");
  return [
    sql`delete from ${rejects} as r where r.op = 'refuse' or r.op = 'keep' and exists (select 1 from ${fatesTable} f)`,
    sql`delete from ${rejects} as r where r.op <> 'remove' and exists (
      select 1 from ${fatesTable} f where f.key = r.key and f.op <> 'remove' and ${decided})`,
    sql`delete from ${rejects} as r where r.op = 'remove' and exists (
      select 1 from ${fatesTable} f where f.key = r.key and f.op = 'remove' and f.identifiers = r.match and ${decided})`,
    sql`delete from ${rejects} as r where exists (
      select 1 from ${planned(dialect, plan)} and p.op = 'clear' and p.key = r.key and p.code = r.op and p.identifiers = r.match)`,
    sql`insert into ${rejects} (${columns}) select ${columns} from ${freshRejectsTable}`,
  ];
}

const planned = (dialect: Dialect, plan: Plan): Sql =>
  sql`${dialect.relation(plan.table)} p where p.run_id = ${plan.runId}`;
