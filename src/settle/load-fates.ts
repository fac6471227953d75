import { z } from "zod";
import { ContractError } from "../core/errors.ts";
import type { Plan } from "../core/plan.ts";
import type { Column, Relation } from "../core/relation.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";

/** Every planned row with its fate, for the rest of the session. */
export const fatesTable = raw("millrace_fates");

export const stagedColumns: readonly Column[] = [
  { name: "from_seq", type: "int" },
  { name: "to_seq", type: "int" },
  { name: "status", type: "text" },
  { name: "code", type: "text" },
  { name: "message", type: "text" },
  { name: "external_id", type: "text" },
  { name: "attempt", type: "int" },
];

/** Where result ranges are loaded to: a million delivered rows arrive as a few of them. */
export const staging = (dialect: Dialect): Relation => dialect.temporary("millrace_staged_results");

export function stagingStatements(dialect: Dialect): Sql[] {
  const staged = dialect.ident(staging(dialect).name);
  const definitions = stagedColumns.map(({ name, type }) => sql`${dialect.ident(name)} ${dialect.typeName(type)}`);
  return [dialect.dropTemporary(staged), sql`create temporary table ${staged} (${join(definitions)})`];
}

/** Spreads the ranges over the plan's rows. */
export function fatesStatements(dialect: Dialect, plan: Plan): Sql[] {
  const staged = dialect.ident(staging(dialect).name);
  return [
    dialect.dropTemporary(fatesTable),
    sql`create temporary table ${fatesTable} as
      select p.seq, p.op, p.key, p.match_hash, p.prev_key, p.prev_match_hash, p.identifiers, p.fast_fp, p.stable_fp,
        p.external_id as known_external_id, r.status, r.code, r.message, r.external_id, r.attempt
      from ${dialect.joinRanges(dialect.relation(plan.table), staged)}
      where p.run_id = ${plan.runId}`,
    ...dialect.statistics(fatesTable),
  ];
}

export const fatesCount = z.object({ fates: z.number(), seqs: z.number() });
export const fatesCountQuery = sql`select count(*) as fates, count(distinct seq) as seqs from ${fatesTable}`;

/** A row without a fate would be lost, and one with two would stand twice in the ledger. */
export function assertOneFateEach(plan: Plan, found: z.infer<typeof fatesCount> | undefined): void {
  if (found?.fates === plan.total && found.seqs === plan.total) return;
  throw new ContractError(
    `run ${plan.runId} planned ${plan.total} rows, and ${found?.seqs ?? 0} of them came back with ${found?.fates ?? 0} results`,
    { hint: "This is a defect; please report it. Nothing was written: `millrace resume` settles the run again." },
  );
}
