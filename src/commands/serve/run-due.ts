import type { SyncConfig } from "../../core/sync.ts";
import type { RunReport } from "../../report/run-report.ts";
import type { SchedulerOptions } from "../../schedule/scheduler.ts";
import type { App, BlockedSync } from "../app.ts";
import { blockedReport } from "../pipeline/run-all.ts";
import { failedReport, type RunAsk, runSync } from "../pipeline/run-sync.ts";
import type { ServeLog } from "./serve-log.ts";

/** Syncs of one batch that are delivered side by side: one slow platform does not keep the others waiting. */
const atOnce = 2;

const ask: RunAsk = { trigger: "cron", scope: "changes", trustWarehouse: false };

export interface DueOptions {
  readonly app: App;
  /** All that have a schedule. */
  readonly syncs: readonly SyncConfig[];
  readonly log: ServeLog;
  /** Throws when another process has taken over the schedules. */
  assertOurs(): Promise<void>;
  /** Resolves when what a crash left of the sync is finished, or has failed. */
  resumed(sync: string): Promise<void>;
  /** A build ended: whoever follows builds is due. */
  built(at: Date): void;
  nextAt(sync: string): string | null;
}

/** Runs what is due together: one build for all of them, then each sync. An error of one is its report; the others go on. */
export function dueRunner(o: DueOptions): SchedulerOptions["onDue"] {
  const { app, log } = o;
  const followers = o.syncs.filter((sync) => sync.schedule?.kind === "after-build");
  let blockedFollowers: ReadonlyMap<string, BlockedSync> = new Map();

  /** The followers' models are built with those that are due, for they run right after. */
  async function build(syncs: readonly SyncConfig[]): Promise<ReadonlyMap<string, BlockedSync>> {
    if (app.models === null) return new Map();
    const { blocked, nodes, failed, held, seconds } = await app.models.build([...syncs, ...followers]);
    log({ event: "built", models: nodes, failed, held, seconds });
    blockedFollowers = blocked;
    o.built(app.clock.now());
    return blocked;
  }

  async function runOne(sync: SyncConfig, blocked: BlockedSync | undefined): Promise<RunReport> {
    if (blocked !== undefined) return blockedReport(app, sync, blocked);
    await o.resumed(sync.name);
    app.signal.throwIfAborted();
    try {
      // Not the sync as it is listed: one with unset variables is refused here, and says which.
      return await runSync(app, app.sync(sync.name), ask);
    } catch (error) {
      if (app.signal.aborted) throw error;
      return failedReport(sync.name, `${sync.to.account} ${sync.to.target}`, error);
    }
  }

  return async (names, due, batch) => {
    await o.assertOurs();
    log({ event: "due", syncs: names, due_at: due.toISOString() });
    const syncs = o.syncs.filter((sync) => names.includes(sync.name));
    const blocked = batch.build ? await build(syncs) : blockedFollowers;
    const waiting = [...syncs];
    const lane = async (): Promise<void> => {
      for (let sync = waiting.shift(); sync !== undefined; sync = waiting.shift()) {
        const run = await runOne(sync, blocked.get(sync.name));
        batch.finished(sync.name);
        log({ event: "run", run, next_at: o.nextAt(sync.name) });
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: atOnce }, lane));
    for (const one of lanes) if (one.status === "rejected") throw one.reason;
  };
}
