import { z } from "zod";
import { type StateTables, syncTables } from "../state/names.ts";
import { raw, type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";

/** delivered: they arrived · resend: they did not, send them again · drop: never send them again while they are as they are. */
export type Decision = "delivered" | "resend" | "drop";

/** The sync whose run has unanswered rows; null if the run has none. */
export async function unknownSync(session: Session, tables: StateTables, runId: string): Promise<string | null> {
  if ((await session.describe(tables.results)) === null) return null;
  const [found] = await session.query(
    sql`select max(sync) as sync from ${session.dialect.relation(tables.results)} where run_id = ${runId} and status = 'unknown'`,
    z.object({ sync: z.string().nullable() }),
  );
  return found?.sync ?? null;
}

/** Writes the decision to results, runs and ledger, in one transaction. Returns how many rows it was about. */
export function resolveUnknown(
  session: Session,
  tables: StateTables,
  o: { readonly runId: string; readonly sync: string; readonly decision: Decision },
): Promise<number> {
  return session.transaction(async () => {
    const { dialect } = session;
    const results = dialect.relation(tables.results);
    const ledger = dialect.relation(syncTables(tables.schema, o.sync, dialect.traits.maxIdentifier).ledger);
    const [found] = await session.query(
      sql`select count(*) as ${dialect.ident("rows")} from ${results} where run_id = ${o.runId} and status = 'unknown'`,
      z.object({ rows: z.number() }),
    );
    const rows = found?.rows ?? 0;
    await session.execute([
      ...decide(o.decision, ledger, o.runId),
      sql`update ${dialect.relation(tables.runs)} set ${dialect.ident("unknown")} = 0, ${raw(resultOf[o.decision].counted)} = ${raw(resultOf[o.decision].counted)} + ${rows} where run_id = ${o.runId}`,
      sql`update ${results} set status = ${resultOf[o.decision].status}, code = ${resultOf[o.decision].code} where run_id = ${o.runId} and status = 'unknown'`,
    ]);
    return rows;
  });
}

const resultOf = {
  delivered: { status: "delivered", code: "RESOLVED_DELIVERED", counted: "delivered" },
  resend: { status: "retry", code: "RESOLVED_RESEND", counted: "retry" },
  drop: { status: "rejected", code: "RESOLVED_DROP", counted: "rejected" },
} as const;

/**
 * `resend` makes the next plan find the row again: an add leaves the ledger, an update gets a fingerprint that differs from
 * everything, a removal is present again. `drop` and `delivered` let the ledger say what was meant to be there.
 */
function decide(decision: Decision, ledger: Sql, runId: string): Sql[] {
  const parked = sql`state = 'unknown' and last_run = ${runId}`;
  if (decision === "resend") {
    return [
      sql`delete from ${ledger} where ${parked} and unknown_op = 'add'`,
      sql`update ${ledger} set state = 'present', fast_fp = null, unknown_op = null where ${parked}`,
    ];
  }
  return [
    sql`update ${ledger} set state = case when unknown_op = 'remove' then 'removed' else 'present' end, unknown_op = null where ${parked}`,
  ];
}
