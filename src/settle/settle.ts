import type { Plan } from "../core/plan.ts";
import type { ResultRange } from "../core/result.ts";
import type { RunCounts, RunStatus, Trigger } from "../core/run.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { Row } from "../core/value.ts";
import { readBindings, type StoredBinding, writeBinding } from "../state/bindings.ts";
import { type StateTables, syncTables } from "../state/names.ts";
import { ledgersBesides } from "../state/sharing.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { advanceLedger } from "./advance-ledger.ts";
import { loadFates } from "./load-fates.ts";
import { recordRun } from "./record-run.ts";
import { writeRejects } from "./write-rejects.ts";
import { writeResults } from "./write-results.ts";

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
 * last settled run. A second call for the same run changes nothing.
 * @param results ranges that cover the plan's rows exactly once; a ContractError otherwise
 * @returns false if the warehouse had this run already
 */
export function settle(
  session: Session,
  tables: StateTables,
  results: AsyncIterable<readonly ResultRange[]>,
  request: SettleRequest,
): Promise<boolean> {
  return session.transaction(async () => {
    const { plan, sync } = request;
    const bindings = await readBindings(session, tables);
    const binding = bindings.find((bound) => bound.sync === sync.name);
    if (binding?.lastSettledRun === plan.runId) return false;
    const own = syncTables(tables.schema, sync.name, session.dialect.traits.maxIdentifier);
    const others = binding === undefined ? [] : ledgersBesides(bindings, sync.name, binding, tables.schema);
    await loadFates(session, plan, pagesOf(results));
    await writeResults(session, tables, plan, request.endedAt);
    await advanceLedger(session, own, plan, others);
    await writeRejects(session, own, plan, request.endedAt);
    await recordRun(session, tables, request);
    if (binding !== undefined) await writeBinding(session, tables, settled(binding, request));
    return true;
  });
}

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
