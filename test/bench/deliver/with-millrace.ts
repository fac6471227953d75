import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import type { Plan } from "../../../src/core/plan.ts";
import type { SyncConfig } from "../../../src/core/sync.ts";
import { Accounts } from "../../../src/deliver/accounts.ts";
import { deliver } from "../../../src/deliver/deliver.ts";
import { http } from "../../../src/destinations/http/index.ts";
import { changeReader } from "../../../src/plan/read-changes.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import type { Lease, RunStore } from "../../../src/store/store.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";

export const batchRows = 1_000;

/** The sync, to a webhook. */
export const toWebhook = (sync: SyncConfig): SyncConfig => ({
  ...sync,
  match: {},
  to: { account: "hook", target: "request", options: {} },
});

/** A run whose plan is frozen, in a control store of its own in `dir`. */
export async function beginRun(
  dir: string,
  plan: Plan,
  config: SyncConfig,
): Promise<{ readonly store: RunStore; readonly lease: Lease }> {
  const path = join(dir, `store-${process.pid}.sqlite`);
  const store = await openSqliteStore({ path, clock: systemClock });
  const lease = await store.lease(`sync:${config.name}`, 3_600_000, "bench");
  if (lease === null) throw new Error("the lease is free");
  await store.begin({ id: plan.runId, sync: config.name, trigger: "manual", startedAt: systemClock.now() }, lease);
  await store.savePlan(plan.runId, plan, config, "running", [], lease);
  return { store, lease };
}

export interface FrozenDelivery {
  readonly warehouse: Warehouse;
  readonly plan: Plan;
  readonly config: SyncConfig;
  /** Where the receiver listens. */
  readonly url: string;
  /** For the control store. */
  readonly dir: string;
}

/** Delivers a frozen plan as `millrace run` does, control store and all. Closes the warehouse. Resolves to the rows delivered. */
export async function deliverPlan({ warehouse, plan, config, url, dir }: FrozenDelivery): Promise<number> {
  const { store, lease } = await beginRun(dir, plan, config);
  const accounts = new Accounts({ clock: systemClock });
  const account = accounts.open(http, http.account.parse({ base_url: url }), []);
  const target = http.targets.request;
  if (target === undefined) throw new Error("the http connector has a request target");
  const read = changeReader(plan, config);
  const delivered = await deliver({
    run: { id: plan.runId, config, plan },
    account,
    target,
    options: target.options.parse({ rows: batchRows }),
    store,
    lease,
    changes: (from, to) => warehouse.session("read", (session) => read(session, from, to)),
    clock: systemClock,
    signal: new AbortController().signal,
  });
  const counts = await store.counts(plan.runId);
  await Promise.all([accounts.close(), warehouse.close(), store.close()]);
  if (delivered.ended !== "complete") throw new Error(delivered.error.message);
  return counts.delivered;
}

/** The same rows' results in a control store and nothing else, in the order and groups of a delivery. */
export async function storeResults(
  store: RunStore,
  lease: Lease,
  { runId, total }: Pick<Plan, "runId" | "total">,
  options: { readonly concurrency: number; readonly idOf?: (seq: number) => string },
): Promise<void> {
  const { concurrency, idOf } = options;
  const batches = Array.from({ length: Math.ceil(total / batchRows) }, (_, i) => ({
    id: `batch-${i}`,
    fromSeq: i * batchRows + 1,
    toSeq: Math.min(total, (i + 1) * batchRows),
  }));
  const pageBatches = 10;
  for (let at = 0; at < batches.length; at += pageBatches) {
    await store.cut(runId, batches.slice(at, at + pageBatches), lease);
  }
  const waiting = batches.values();
  const worker = async () => {
    for (const { id, fromSeq, toSeq } of waiting) {
      await store.sending(runId, id, 1, lease);
      // The answer comes some turns later, so that the writes group as they do in a delivery.
      for (let turns = 1 + (fromSeq % concurrency); turns > 0; turns -= 1) await new Promise((r) => setImmediate(r));
      const fate = { attempt: 1, status: "delivered" } as const;
      const results =
        idOf === undefined
          ? [{ fromSeq, toSeq, ...fate }]
          : Array.from({ length: toSeq - fromSeq + 1 }, (_, i) => fromSeq + i).map((seq) => ({
              fromSeq: seq,
              toSeq: seq,
              ...fate,
              externalId: idOf(seq),
            }));
      await store.returned(runId, id, results, lease);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
