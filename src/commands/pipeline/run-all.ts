import { type ExitCode, worstExit } from "../../core/exit.ts";
import type { SyncConfig } from "../../core/sync.ts";
import { type RunReport, runText } from "../../report/run-report.ts";
import type { App } from "../app.ts";
import { type RunAsk, runSync } from "./run-sync.ts";
import { progressLine } from "./show-progress.ts";

/** Builds once for all of them; a sync whose models failed does not run, and only it. */
export async function runSyncs(
  app: App,
  syncs: readonly SyncConfig[],
  ask: RunAsk,
  o: { readonly build: boolean },
): Promise<RunReport[]> {
  const blocked = o.build && app.models !== null ? (await app.models.build(syncs)).blocked : new Map<string, string>();
  const line = progressLine(app.out);
  const reports: RunReport[] = [];
  for (const sync of syncs) {
    const why = blocked.get(sync.name);
    reports.push(why === undefined ? await runSync(app, sync, ask, line.show) : blockedReport(sync, why));
    line.clear();
    app.signal.throwIfAborted();
  }
  return reports;
}

/** Says what came of the runs, and ends with the worst of their exit codes. */
export function tellRuns(app: App, reports: readonly RunReport[]): ExitCode {
  const exit = worstExit(reports.map((report) => report.exit_code));
  for (const report of reports) app.out.print(runText(report, { color: app.out.color }, app.flags));
  app.out.emit({ runs: reports, exit_code: exit });
  return exit;
}

export const blockedReport = (sync: SyncConfig, why: string): RunReport => ({
  run_id: null,
  sync: sync.name,
  status: "failed",
  exit_code: 1,
  destination: `${sync.to.account} ${sync.to.target}`,
  counts: null,
  held_for: [],
  mapping_changes: [],
  refusals: [],
  error: { code: "MODEL_FAILED", message: why, hint: "Mend the model; the other syncs were not stopped by it." },
  seconds: 0,
  approve: null,
});
