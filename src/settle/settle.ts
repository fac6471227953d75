import type { Plan } from "../core/plan.ts";
import type { ResultRange } from "../core/result.ts";
import type { RunCounts, RunStatus, Trigger } from "../core/run.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { Row } from "../core/value.ts";
import { bindingRow, bindingStatements, bindingsQuery, type StoredBinding } from "../state/bindings.ts";
import { type StateTables, syncTables } from "../state/names.ts";
import { ledgersBesides } from "../state/sharing.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { atomic } from "../warehouse/script.ts";
import type { Sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { ledgerStatements } from "./advance-ledger.ts";
import {
  assertOneFateEach,
  fatesCount,
  fatesCountQuery,
  fatesStatements,
  fatesTable,
  stagedColumns,
  staging,
  stagingStatements,
} from "./load-fates.ts";
import { runStatements } from "./record-run.ts";
import { freshRejectsStatements, freshRejectsTable, rejectsStatements } from "./write-rejects.ts";
import { resultsStatements } from "./write-results.ts";

export interface SettleRequest {
  readonly plan: Plan;
  readonly sync: SyncConfig;
  /** The canonical mapping the plan was made with; becomes the ledger's. */
  readonly mapping: string;
  readonly trigger: Trigger;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly status: RunStatus;
  readonly counts: RunCounts;
}

/**
 * Writes what became of a plan back to the warehouse, in one transaction: results, ledger, rejects, runs, and the sync's
 * last settled run. A second call for the same run changes nothing. Costs four statements, whatever the size: a staging
 * table, the load, every row's fate, and the transaction, which only deletes and inserts.
 * @param results ranges that cover the plan's rows exactly once; a ContractError otherwise
 * @returns false if the warehouse had this run already
 */
export async function settle(
  session: Session,
  tables: StateTables,
  results: AsyncIterable<readonly ResultRange[]>,
  request: SettleRequest,
): Promise<boolean> {
  const { dialect } = session;
  const { plan, sync } = request;
  const bindings = await session.script([...stagingStatements(dialect), bindingsQuery(dialect, tables)], bindingRow);
  const binding = bindings.find((bound) => bound.sync === sync.name);
  if (binding?.lastSettledRun === plan.runId) return false;
  const own = syncTables(tables.schema, sync.name, dialect.traits.maxIdentifier);
  const others = binding === undefined ? [] : ledgersBesides(bindings, sync.name, binding, tables.schema);
  await session.load(staging(dialect), stagedColumns, pagesOf(results));
  const [fates] = await session.script(
    [
      ...fatesStatements(dialect, plan),
      ...freshRejectsStatements(dialect, own, plan, request.endedAt),
      fatesCountQuery,
    ],
    fatesCount,
  );
  assertOneFateEach(plan, fates);
  await session.execute([
    ...atomic([
      ...resultsStatements(dialect, tables, plan, request.endedAt),
      ...ledgerStatements(dialect, own, plan, others),
      ...rejectsStatements(dialect, own, plan),
      ...runStatements(dialect, tables, request),
      ...(binding === undefined ? [] : bindingStatements(dialect, tables, settled(binding, request))),
    ]),
    ...dropsOfSettling(dialect),
  ]);
  return true;
}

const dropsOfSettling = (dialect: Dialect): Sql[] =>
  [dialect.ident(staging(dialect).name), fatesTable, freshRejectsTable].map((table) => dialect.dropTemporary(table));

/** A run of refused keys alone leaves the others as their old mapping made them. */
const settled = (binding: StoredBinding, request: SettleRequest): StoredBinding => ({
  ...binding,
  mapping: request.trigger === "retry" ? binding.mapping : request.mapping,
  lastSettledRun: request.plan.runId,
});

async function* pagesOf(results: AsyncIterable<readonly ResultRange[]>): AsyncIterable<readonly Row[]> {
  for await (const page of results) {
    yield page.map((range) => ({
      from_seq: range.fromSeq,
      to_seq: range.toSeq,
      status: range.status,
      code: "code" in range ? range.code : null,
      message: "message" in range ? range.message : null,
      external_id: "externalId" in range ? (range.externalId ?? null) : null,
      attempt: range.attempt,
    }));
  }
}
