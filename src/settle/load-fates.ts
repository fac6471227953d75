import { z } from "zod";
import { ContractError } from "../core/errors.ts";
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
    dialect.dropTemporary(staged),
    dialect.dropTemporary(fatesTable),
    sql`create temporary table ${staged} (${join(definitions)})`,
  ]);
  await session.load(staging, columns, pages);
  await session.execute([
    sql`create temporary table ${fatesTable} as
      select p.seq, p.op, p.key, p.match_hash, p.prev_key, p.prev_match_hash, p.identifiers, p.fast_fp, p.stable_fp,
        p.external_id as known_external_id, r.status, r.code, r.message, r.external_id, r.attempt
      from ${dialect.joinRanges(dialect.relation(plan.table), staged)}
      where p.run_id = ${plan.runId}`,
    ...dialect.statistics(fatesTable),
  ]);
  await assertOneFateEach(session, plan);
}

/** A row without a fate would be lost, and one with two would stand twice in the ledger. */
async function assertOneFateEach(session: Session, plan: Plan): Promise<void> {
  const [found] = await session.query(
    sql`select count(*) as fates, count(distinct seq) as seqs from ${fatesTable}`,
    z.object({ fates: z.number(), seqs: z.number() }),
  );
  if (found?.fates === plan.total && found.seqs === plan.total) return;
  throw new ContractError(
    `run ${plan.runId} planned ${plan.total} rows, and ${found?.seqs ?? 0} of them came back with ${found?.fates ?? 0} results`,
    { hint: "This is a defect; please report it. Nothing was written: `millrace resume` settles the run again." },
  );
}
