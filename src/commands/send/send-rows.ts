import { join } from "node:path";
import { noCounts, type Plan } from "../../core/plan.ts";
import type { RowFate, RowResult } from "../../core/result.ts";
import type { RunRecord } from "../../core/run.ts";
import { deliver } from "../../deliver/deliver.ts";
import type { PlannedChange } from "../../deliver/planned-change.ts";
import { openSqliteStore } from "../../store/sqlite/index.ts";
import type { App, PreparedSync } from "../app.ts";
import { withLease } from "../pipeline/leases.ts";
import { newRunId } from "../pipeline/run-id.ts";

export interface SentRows {
  readonly results: readonly RowResult[];
  readonly error: RunRecord["error"];
}

/** Delivers rows through the real engine, with a store that lives only as long as the call. One result per row, in order. */
export async function sendRows(
  app: App,
  prepared: PreparedSync,
  changes: readonly PlannedChange[],
  dir: string,
): Promise<SentRows> {
  if (changes.length === 0) return { results: [], error: null };
  const { sync } = prepared;
  const createdAt = app.clock.now();
  const plan = planOf(newRunId(createdAt), changes, createdAt);
  const store = await openSqliteStore({ path: join(dir, "store.sqlite"), clock: app.clock });
  try {
    return await withLease(store, app.clock, "sync:send", 0, app.signal, async (lease) => {
      await store.begin({ id: plan.runId, sync: sync.name, trigger: "manual", startedAt: createdAt }, lease);
      await store.savePlan(plan.runId, plan, sync, "running", [], lease);
      const delivered = await deliver({
        run: { id: plan.runId, config: sync, plan },
        account: prepared.account,
        target: prepared.target,
        options: prepared.options,
        store,
        lease,
        changes: async (fromSeq, toSeq) => changes.slice(fromSeq - 1, toSeq),
        clock: app.clock,
        signal: app.signal,
      });
      const results: RowResult[] = [];
      for await (const page of store.results(plan.runId)) {
        for (const { fromSeq, toSeq, attempt: _, ...fate } of page) {
          for (let seq = fromSeq; seq <= toSeq; seq += 1) results.push({ seq, ...(fate as RowFate) });
        }
      }
      return { results, error: delivered.ended === "failed" ? delivered.error : null };
    });
  } finally {
    await store.close();
  }
}

function planOf(runId: string, changes: readonly PlannedChange[], createdAt: Date): Plan {
  const of = (op: PlannedChange["op"]): number => changes.filter((change) => change.op === op).length;
  return {
    runId,
    sync: "send",
    table: { schema: "none", name: "rows" },
    createdAt,
    counts: { ...noCounts, modelRows: changes.length, add: of("add"), update: of("update"), remove: of("remove") },
    total: changes.length,
    removes: of("remove"),
    mappingChanges: [],
    fingerprintEngine: "",
  };
}
