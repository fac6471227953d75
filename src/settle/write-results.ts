import type { Plan } from "../core/plan.ts";
import type { StateTables } from "../state/names.ts";
import { columnList, resultColumns } from "../state/schema.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { type Sql, sql } from "../warehouse/sql.ts";
import { fatesTable } from "./load-fates.ts";

/** One row of `results` per planned row. */
export function resultsStatements(dialect: Dialect, tables: StateTables, plan: Plan, at: Date): Sql[] {
  const results = dialect.relation(tables.results);
  const text = dialect.typeName("text");
  const timestamp = sql`cast(${at.toISOString()} as ${dialect.typeName("timestamp")})`;
  return [
    sql`delete from ${results} where run_id = ${plan.runId}`,
    sql`insert into ${results} (${columnList(dialect, resultColumns)})
      select cast(${plan.runId} as ${text}), cast(${plan.sync} as ${text}), seq, key, op, stable_fp, status, code, message,
        coalesce(external_id, known_external_id), attempt, ${timestamp}
      from ${fatesTable}`,
  ];
}
