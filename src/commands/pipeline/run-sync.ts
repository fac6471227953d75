import { PlanSuperseded } from "../../core/errors.ts";
import { runExit } from "../../core/exit.ts";
import { noFates, type RunRecord } from "../../core/run.ts";
import type { SyncConfig } from "../../core/sync.ts";
import type { Progress } from "../../deliver/progress.ts";
import type { PlanOutcome } from "../../plan/plan.ts";
import { countsDocument } from "../../report/plan-report.ts";
import type { RunReport } from "../../report/run-report.ts";
import type { Lease } from "../../store/store.ts";
import type { App, PreparedSync } from "../app.ts";
import { finishRun } from "./finish-run.ts";
import { withLease } from "./leases.ts";
import { describeError, type PlanAsk, planSync } from "./plan-sync.ts";
import { prepareSync } from "./prepare.ts";
import { assertResumable, boundElsewhere } from "./story.ts";

/** `trust`: `run --adopt`; a new destination's rows are taken as delivered, and a diverged ledger as right. */
export type RunAsk = Omit<PlanAsk, "next" | "scope"> & { readonly scope: PlanAsk["scope"] | "trust" };

export type OnProgress = (sync: string, progress: Progress) => void;

/** One sync from plan to report. What a crash left of it is finished first. Errors become the report's, except a stop. */
export function runSync(app: App, sync: SyncConfig, ask: RunAsk, onProgress?: OnProgress): Promise<RunReport> {
  return reported(app, sync, async () => {
    const prepared = await prepareSync(app, sync);
    const store = await app.store();
    return withLease(store, app.clock, `sync:${sync.name}`, 0, app.signal, async (lease) => {
      if (!ask.trustWarehouse) await finishLeftovers(app, sync.name, lease, onProgress);
      const planned = await planSync(app, prepared, lease, {
        ...(await settledAsk(app, prepared, ask)),
        next: "running",
      });
      if (planned.run.status === "held") return reportOf(app, planned.run, planned.outcome);
      const ended = await finishRun(app, planned.run, lease, (progress) => onProgress?.(sync.name, progress));
      return reportOf(app, ended, planned.outcome);
    });
  });
}

async function settledAsk(app: App, prepared: PreparedSync, ask: RunAsk): Promise<Omit<PlanAsk, "next">> {
  const { scope } = ask;
  if (scope !== "trust") return { ...ask, scope };
  return (await boundElsewhere(app, prepared))
    ? { ...ask, trigger: "adopt", scope: "adopt" }
    : { ...ask, scope: "changes" };
}

/** Delivers exactly the plan that was held or shown; never builds and never plans anew. */
export async function approveRun(app: App, runId: string, onProgress?: OnProgress): Promise<RunReport> {
  const store = await app.store();
  const found = await store.run(runId);
  if (found === null || found.config === null || found.plan === null) {
    throw new PlanSuperseded(`there is no plan ${runId} to approve`, {
      hint: "`millrace runs` lists the plans; make a new one with `millrace plan`.",
    });
  }
  const { config, plan } = found;
  return reported(app, config, () =>
    withLease(store, app.clock, `sync:${found.sync}`, 0, app.signal, async (lease) => {
      const run = (await store.run(runId)) ?? found;
      if (run.status === "running") {
        await assertResumable(app, run);
        return reportOf(app, await finishRun(app, run, lease, (progress) => onProgress?.(run.sync, progress)), null);
      }
      if (run.status !== "held" && run.status !== "planned") {
        throw new PlanSuperseded(`plan ${runId} is ${run.status}: it cannot be delivered any more`, {
          hint: `Make a new one: \`millrace plan ${run.sync}\`.`,
        });
      }
      if (app.clock.now().getTime() - plan.createdAt.getTime() > app.planExpiryMs) {
        await store.mark(runId, "expired", app.clock.now());
        throw new PlanSuperseded(`plan ${runId} of ${plan.createdAt.toISOString()} has expired`, {
          hint: `Make a new one: \`millrace plan ${run.sync}\`. \`settings: {plan_expiry}\` in millrace.yml says how long plans hold.`,
        });
      }
      await assertNewest(app, run);
      await store.approve(runId, lease);
      const running = (await store.run(runId)) ?? run;
      return reportOf(app, await finishRun(app, running, lease, (progress) => onProgress?.(run.sync, progress)), null);
    }),
  );
}

/** A plan holds only while its table and the ledger are as it left them. */
async function assertNewest(app: App, run: RunRecord): Promise<void> {
  const store = await app.store();
  const newest = (await store.runs({ sync: run.sync, limit: 20 })).find((other) => other.plan !== null);
  if (newest?.id === run.id) return assertResumable(app, run);
  await store.mark(run.id, "superseded", app.clock.now());
  throw new PlanSuperseded(`plan ${run.id} is superseded: ${newest?.id ?? "another plan"} is newer`, {
    hint: `Make a new one: \`millrace plan ${run.sync}\`.`,
  });
}

/** Runs of this sync that a crash left: without a plan they left nothing; with one they are finished wholly. */
export async function finishLeftovers(
  app: App,
  sync: string,
  lease: Lease,
  onProgress?: OnProgress,
): Promise<RunReport[]> {
  const store = await app.store();
  const reports: RunReport[] = [];
  for (const run of await store.unfinished()) {
    if (run.sync !== sync) continue;
    if (run.plan === null) {
      await store.mark(run.id, "abandoned", app.clock.now());
      continue;
    }
    await assertResumable(app, run);
    app.out.note(`${sync}: finishing run ${run.id}, which was cut off`);
    const ended = await finishRun(app, run, lease, (progress) => onProgress?.(sync, progress));
    reports.push(await reportOf(app, ended, null));
  }
  return reports;
}

export async function reportOf(app: App, run: RunRecord, outcome: PlanOutcome | null): Promise<RunReport> {
  const { plan, counts } = run;
  const results = counts ?? noFates;
  const seconds = ((run.endedAt ?? app.clock.now()).getTime() - run.startedAt.getTime()) / 1_000;
  return {
    run_id: run.id,
    sync: run.sync,
    status: run.status,
    exit_code: runExit(run.status, plan?.counts ?? null, counts),
    destination: run.config === null ? null : `${run.config.to.account} ${run.config.to.target}`,
    counts: plan === null ? null : { ...results, ...countsDocument(plan.counts, plan.total) },
    held_for: run.heldFor,
    mapping_changes: plan?.mappingChanges ?? [],
    refusals: outcome?.refusals ?? [],
    error: run.error,
    seconds,
    approve: run.status === "held" ? approveCommand(app, run) : null,
  };
}

export const approveCommand = (app: App, run: Pick<RunRecord, "id" | "trigger" | "sync">): string =>
  run.trigger === "retire"
    ? `millrace retire ${run.sync} --remove --approve ${run.id}${app.flags}`
    : `millrace run --approve ${run.id}${app.flags}`;

/** An error of one sync is that sync's report; the others go on. A stop and wrong configuration end everything. */
async function reported(app: App, sync: SyncConfig, work: () => Promise<RunReport>): Promise<RunReport> {
  try {
    return await work();
  } catch (error) {
    if (app.signal.aborted) throw error;
    return failedReport(sync.name, `${sync.to.account} ${sync.to.target}`, error);
  }
}

/** The report of a sync that an error ended before it had a plan, or while its run could not go on. */
export function failedReport(sync: string, destination: string | null, error: unknown): RunReport {
  const exit = error instanceof Error && "exitCode" in error ? error.exitCode : 1;
  return {
    run_id: null,
    sync,
    status: exit === 4 ? "held" : "failed",
    exit_code: exit === 2 || exit === 4 ? exit : 1,
    destination,
    counts: null,
    held_for: [],
    mapping_changes: [],
    refusals: [],
    error: describeError(error),
    seconds: 0,
    approve: null,
  };
}
