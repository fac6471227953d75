import type { Plan } from "../core/plan.ts";
import type { SyncTables } from "../state/names.ts";
import { columnList, rejectColumns } from "../state/schema.ts";
import { raw, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { fatesTable } from "./load-fates.ts";

/**
 * Brings `rejects__<sync>` up to date: what the platform refused now (attempts count while the content is the same) and
 * what the plan refused (`op = 'refuse'`), which every plan states anew; away with what has another fate now, or says
 * nothing any more. A key's writes share one fate, whatever their match; each removal has its own.
 */
export async function writeRejects(session: Session, own: SyncTables, plan: Plan, at: Date): Promise<void> {
  const { dialect } = session;
  const rejects = dialect.relation(own.rejects);
  const planned = sql`${dialect.relation(own.plan)} p where p.run_id = ${plan.runId}`;
  const columns = columnList(dialect, rejectColumns);
  const fresh = raw("millrace_rejects");
  const text = dialect.typeName("text");
  const instant = sql`cast(${at.toISOString()} as ${dialect.typeName("timestamp")})`;
  const runId = sql`cast(${plan.runId} as ${text})`;
  const attempts = raw(
    "case when old.fingerprint is not distinct from n.fingerprint then coalesce(old.attempts, 0) else 0 end + 1",
  );
  const decided = raw("f.status in ('delivered', 'accepted', 'rejected')");
  await session.execute([
    dialect.dropTemporary(fresh),
    sql`create temporary table ${fresh} as
      select n.key, n.match, n.op, n.fingerprint, n.code, n.message, ${attempts} as attempts,
        coalesce(old.first_at, ${instant}) as first_at, ${instant} as last_at, ${runId} as last_run
      from (
        select key, identifiers as match, op, stable_fp as fingerprint, code, message from ${fatesTable} where status = 'rejected'
        union all
        select p.key, p.identifiers, 'refuse', p.stable_fp, p.code,
          p.message || case when p.copies > 1 then ' (' || cast(p.copies as ${text}) || ' rows)' else '' end
        from ${planned} and p.op = 'refuse'
      ) n
      left join ${rejects} old on old.key is not distinct from n.key and old.op = n.op and old.match = n.match`,
    sql`delete from ${rejects} as r where r.op = 'refuse' or r.op = 'keep' and exists (select 1 from ${fatesTable} f)`,
    sql`delete from ${rejects} as r where r.op <> 'remove' and exists (
      select 1 from ${fatesTable} f where f.key = r.key and f.op <> 'remove' and ${decided})`,
    sql`delete from ${rejects} as r where r.op = 'remove' and exists (
      select 1 from ${fatesTable} f where f.key = r.key and f.op = 'remove' and f.identifiers = r.match and ${decided})`,
    sql`delete from ${rejects} as r where exists (
      select 1 from ${planned} and p.op = 'clear' and p.key = r.key and p.code = r.op and p.identifiers = r.match)`,
    sql`insert into ${rejects} (${columns}) select ${columns} from ${fresh}`,
    dialect.dropTemporary(fresh),
  ]);
}
