import { ContractError } from "../../core/errors.ts";
import type { ResultRange } from "../../core/result.ts";
import type { RunCounts, RunRecord, RunStatus } from "../../core/run.ts";
import type { SyncConfig } from "../../core/sync.ts";
import { deliver } from "../../deliver/deliver.ts";
import type { Progress } from "../../deliver/progress.ts";
import { canonicalMapping } from "../../plan/mapping.ts";
import { changeReader } from "../../plan/read-changes.ts";
import { applyRetention } from "../../settle/retention.ts";
import { settle } from "../../settle/settle.ts";
import type { Lease, RunStore } from "../../store/store.ts";
import type { App } from "../app.ts";
import { withLease } from "./leases.ts";
import { patiently } from "./patiently.ts";
import { prepareSync, shapeOf } from "./prepare.ts";
import { throughCuts } from "./through-cuts.ts";

const warehouseWaitMs = 10 * 60_000;

/**
 * Delivers and settles a run whose plan is frozen, from wherever it stands: the same road for a fresh run, an approved
 * plan and what a crash left. Follows the sync as it was frozen with the plan.
 * Returns the run as it ended. Throws Interrupted after a stop; the run stays resumable then.
 */
export async function finishRun(
  app: App,
  run: RunRecord,
  lease: Lease,
  onProgress?: (progress: Progress) => void,
): Promise<RunRecord> {
  const { plan, config } = run;
  if (plan === null || config === null) {
    throw new ContractError(`run ${run.id} has no plan to deliver`, { hint: "This is a defect; please report it." });
  }
  const store = await app.store();
  let status: RunStatus = "done";
  let error: RunRecord["error"] = run.error;
  if (run.stage === "deliver" && run.trigger === "adopt") await takeAsDelivered(app, run, lease);
  else if (run.stage === "deliver") {
    const prepared = await prepareSync(app, config);
    const warehouse = await app.warehouse();
    const read = changeReader(plan, config);
    const delivered = await deliver({
      run: { id: run.id, config, plan },
      account: prepared.account,
      target: prepared.target,
      options: prepared.options,
      store,
      lease,
      changes: (fromSeq, toSeq) =>
        throughCuts(app.clock, app.signal, () =>
          patiently(app.clock, () => warehouse.session("read", (session) => read(session, fromSeq, toSeq), app.signal)),
        ),
      clock: app.clock,
      signal: app.signal,
      ...(onProgress && { onProgress }),
    });
    if (delivered.ended === "failed") error = delivered.error;
  }
  if (error !== null) status = "failed";
  if (run.stage !== "settle") await store.advance(run.id, "settle", lease);
  const { counts } = await fates(app, run, config);
  assertAddsUp(run.id, plan.total, counts);
  const endedAt = app.clock.now();
  const settleOnce = async () =>
    (await app.warehouse()).session("write", async (session) => {
      // Read anew each time: a cut may have come in the middle of them.
      const { results } = await fates(app, run, config);
      await settle(session, app.tables, results, {
        plan,
        sync: config,
        mapping: canonicalMapping(config),
        trigger: run.trigger,
        startedAt: run.startedAt,
        endedAt,
        status,
        counts,
      });
      await applyRetention(session, app.tables, app.retention, endedAt, await waitingSyncs(store));
    });
  // Settling is all or nothing, and a second time changes nothing: also where a cut left open whether it was committed.
  await withLease(store, app.clock, "warehouse", warehouseWaitMs, app.signal, () =>
    throughCuts(app.clock, app.signal, settleOnce),
  );
  await store.settled(run.id, run.sync, lease);
  await store.end(run.id, status, endedAt, counts, error, lease);
  const ended = await store.run(run.id);
  if (ended === null)
    throw new ContractError(`run ${run.id} has left the store`, { hint: "This is a defect; please report it." });
  return ended;
}

/** A report whose rows do not add up must not be written: some row's fate would be made up. */
function assertAddsUp(runId: string, planned: number, counts: RunCounts): void {
  const { delivered, accepted, rejected, retry, unknown } = counts;
  if (counts.planned === planned && delivered + accepted + rejected + retry + unknown === planned) return;
  throw new ContractError(`run ${runId} planned ${planned} rows and has results of ${counts.planned}`, {
    hint: "This is a defect; please report it. The run is kept as it is.",
  });
}

/** Syncs whose plan somebody may still need. */
async function waitingSyncs(store: RunStore): Promise<ReadonlySet<string>> {
  const open = await store.runs({ status: ["running", "held", "planned"] });
  return new Set(open.map((run) => run.sync));
}

/**
 * What became of the rows. A snapshot is published as a whole or not at all: if any row of it could not be written, none
 * of the others has arrived either.
 */
async function fates(app: App, run: RunRecord, config: SyncConfig) {
  const store = await app.store();
  const counts = await store.counts(run.id);
  const results = store.results(run.id);
  if (run.trigger === "adopt" || counts.retry + counts.unknown === 0) return { counts, results };
  const prepared = await prepareSync(app, config);
  if (shapeOf(prepared, run.id, run.startedAt, run.plan).contents !== "snapshot") return { counts, results };
  const { planned, rejected } = counts;
  const unpublished = { planned, delivered: 0, accepted: 0, rejected, retry: planned - rejected, unknown: 0 };
  return { counts: unpublished, results: notPublished(results) };
}

async function* notPublished(pages: AsyncIterable<readonly ResultRange[]>): AsyncIterable<readonly ResultRange[]> {
  const fate = { status: "retry", code: "SNAPSHOT_INCOMPLETE", message: "the snapshot was not published" } as const;
  for await (const page of pages) {
    yield page.map((range) =>
      range.status === "rejected"
        ? range
        : { fromSeq: range.fromSeq, toSeq: range.toSeq, attempt: range.attempt, ...fate },
    );
  }
}

/** Adoption sends nothing: the rows are there already, says a person. */
async function takeAsDelivered(app: App, run: RunRecord, lease: Lease): Promise<void> {
  const total = run.plan?.total ?? 0;
  const store = await app.store();
  const [known] = await store.batches(run.id);
  if (total === 0 || known?.state === "returned") return;
  const batch = { id: `${run.id}-adopted`, fromSeq: 1, toSeq: total };
  if (known === undefined) await store.cut(run.id, [batch], lease);
  if (known?.state !== "sending") await store.sending(run.id, batch.id, 1, lease);
  await store.returned(run.id, batch.id, [{ fromSeq: 1, toSeq: total, attempt: 1, status: "delivered" }], lease);
}
