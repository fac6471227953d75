import type { Plan } from "../core/plan.ts";
import type { SyncTables } from "../state/names.ts";
import { columnList, rejectColumns } from "../state/schema.ts";
import { raw, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { fatesTable } from "./load-fates.ts";

/**
 * Brings `rejects__<sync>` up to date: what the platform refused now (attempts count while the content is the same), what
 * the plan refused (`op = 'refuse'`, stated anew by every whole plan), and away with what was delivered or says nothing
 * any more.
 * @param o.partial the plan looked only at refused keys, so it says nothing of the others
 */
export async function writeRejects(
  session: Session,
  own: SyncTables,
  plan: Plan,
  o: { readonly partial: boolean; readonly at: Date },
): Promise<void> {
  const { dialect } = session;
  const rejects = dialect.relation(own.rejects);
  const planned = sql`${dialect.relation(own.plan)} p where p.run_id = ${plan.runId}`;
  const columns = columnList(dialect, rejectColumns);
  const fresh = raw("millrace_rejects");
  const text = dialect.typeName("text");
  const at = sql`cast(${o.at.toISOString()} as ${dialect.typeName("timestamp")})`;
  const runId = sql`cast(${plan.runId} as ${text})`;
  const attempts = raw(
    "case when old.fingerprint is not distinct from n.fingerprint then coalesce(old.attempts, 0) else 0 end + 1",
  );
  const refusedBefore = o.partial
    ? sql`and exists (select 1 from ${planned} and p.op <> 'suppress' and p.key = r.key)`
    : raw("");
  await session.execute([
    sql`drop table if exists ${fresh}`,
    sql`create temporary table ${fresh} as
      select n.key, n.match, n.op, n.fingerprint, n.code, n.message, ${attempts} as attempts,
        coalesce(old.first_at, ${at}) as first_at, ${at} as last_at, ${runId} as last_run
      from (
        select key, identifiers as match, op, stable_fp as fingerprint, code, message from ${fatesTable} where status = 'rejected'
        union all
        select p.key, p.identifiers, 'refuse', p.stable_fp, p.code,
          p.message || case when p.copies > 1 then ' (' || cast(p.copies as ${text}) || ' rows)' else '' end
        from ${planned} and p.op = 'refuse'
      ) n
      left join ${rejects} old on old.key is not distinct from n.key and old.op = n.op and old.match = n.match`,
    sql`delete from ${rejects} as r where r.op = 'refuse' ${refusedBefore}`,
    sql`delete from ${rejects} as r where exists (
      select 1 from ${fatesTable} f where f.key = r.key and (f.status in ('delivered', 'accepted') or f.status = 'rejected' and f.op = r.op))`,
    sql`delete from ${rejects} as r where exists (
      select 1 from ${planned} and p.op = 'clear' and p.key = r.key and p.code = r.op and p.identifiers = r.match)`,
    sql`insert into ${rejects} (${columns}) select ${columns} from ${fresh}`,
    sql`drop table ${fresh}`,
  ]);
}
