import type { Plan } from "../core/plan.ts";
import type { RunCounts, RunStatus, Trigger } from "../core/run.ts";
import type { StateTables } from "../state/names.ts";
import { columnList, runColumns } from "../state/schema.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { join, type Sql, sql } from "../warehouse/sql.ts";

export interface RunRow {
  readonly plan: Plan;
  readonly trigger: Trigger;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly status: RunStatus;
  readonly counts: RunCounts;
}

/** Replaces the run's row in `runs`: also for runs that were held, or failed before anything was sent. */
export function runStatements(dialect: Dialect, tables: StateTables, run: RunRow): Sql[] {
  const table = dialect.relation(tables.runs);
  const timestamp = dialect.typeName("timestamp");
  const at = (date: Date | null) => sql`cast(${date === null ? null : date.toISOString()} as ${timestamp})`;
  const { plan, counts } = run;
  const values = [
    sql`${plan.runId}`,
    sql`${plan.sync}`,
    sql`${run.trigger}`,
    at(run.startedAt),
    at(run.endedAt),
    sql`${run.status}`,
    ...[counts.planned, counts.delivered, counts.accepted, counts.rejected, counts.retry, counts.unknown].map(
      (n) => sql`${n}`,
    ),
    ...[plan.counts.modelRows, plan.counts.unchanged, plan.counts.add, plan.counts.update].map((n) => sql`${n}`),
    ...[plan.counts.remove, plan.counts.refused, plan.counts.suppressed].map((n) => sql`${n}`),
  ];
  return [
    sql`delete from ${table} where run_id = ${plan.runId}`,
    sql`insert into ${table} (${columnList(dialect, runColumns)}) values (${join(values)})`,
  ];
}
