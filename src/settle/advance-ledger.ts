import type { Plan } from "../core/plan.ts";
import type { SyncTables } from "../state/names.ts";
import { columnList, ledgerColumns } from "../state/schema.ts";
import { raw, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { fatesTable } from "./load-fates.ts";

/**
 * Moves the ledger on by what the destination took, and by nothing else: rejected and retry rows stay as they were, so
 * the next plan finds them again. Unknown rows are parked in state `unknown` until a person decides.
 * DELETE and INSERT of the changes in one transaction: measured 1.6–40 times cheaper than MERGE or a rebuilt table.
 */
export async function advanceLedger(session: Session, own: SyncTables, plan: Plan): Promise<void> {
  const { dialect } = session;
  const ledger = dialect.relation(own.ledger);
  const text = dialect.typeName("text");
  const moved = raw("f.op <> 'keep' and f.status in ('delivered', 'accepted', 'unknown')");
  await session.execute([
    sql`delete from ${ledger} as l where exists (
      select 1 from ${fatesTable} f where f.key = l.key and f.match_hash = l.match_hash and ${moved})`,
    sql`delete from ${ledger} as l where exists (
      select 1 from ${fatesTable} f where f.prev_key = l.key and f.prev_match_hash = l.match_hash and ${moved})`,
    sql`delete from ${ledger} as l where exists (
      select 1 from ${dialect.relation(own.plan)} p
      where p.run_id = ${plan.runId} and p.op in ('release', 'forget') and p.key = l.key and p.match_hash = l.match_hash)`,
    sql`insert into ${ledger} (${columnList(dialect, ledgerColumns)})
      select f.key, f.match_hash, f.identifiers, f.fast_fp, cast(${plan.fingerprintEngine} as ${text}), f.stable_fp,
        coalesce(f.external_id, f.known_external_id),
        case when f.status = 'unknown' then 'unknown' when f.op = 'remove' then 'removed' else 'present' end,
        cast(${plan.runId} as ${text})
      from ${fatesTable} f where ${moved}`,
  ]);
}
