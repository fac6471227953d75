import { type ExitCode, worstExit } from "../../core/exit.ts";
import type { SyncConfig } from "../../core/sync.ts";
import { approveHeld } from "../../identity/brake.ts";
import { type RunReport, runText } from "../../report/run-report.ts";
import type { App, BlockedSync } from "../app.ts";
import { type RunAsk, runSync } from "./run-sync.ts";
import { progressLine } from "./show-progress.ts";

/** Builds once for all of them; a sync whose models failed does not run, and only it. */
export async function runSyncs(
  app: App,
  syncs: readonly SyncConfig[],
  ask: RunAsk,
  o: { readonly build: boolean },
): Promise<RunReport[]> {
  const blocked =
    o.build && app.models !== null ? (await app.models.build(syncs)).blocked : new Map<string, BlockedSync>();
  const line = progressLine(app.out);
  const reports: RunReport[] = [];
  for (const sync of syncs) {
    const block = blocked.get(sync.name);
    reports.push(block === undefined ? await runSync(app, sync, ask, line.show) : blockedReport(app, sync, block));
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

/** Of a sync that did not run: what it is made from failed, or waits until somebody approves who is who. */
export const blockedReport = (app: App, sync: SyncConfig, { why, held }: BlockedSync): RunReport => ({
  run_id: null,
  sync: sync.name,
  destination: `${sync.to.account} ${sync.to.target}`,
  counts: null,
  mapping_changes: [],
  refusals: [],
  seconds: 0,
  ...(held === null
    ? { status: "failed", exit_code: 1, held_for: [], error: modelFailed(why), approve: null }
    : { status: "held", exit_code: 4, held_for: [held.why], error: null, approve: approveHeld(held, app.flags) }),
});

const modelFailed = (message: string) => ({
  code: "MODEL_FAILED",
  message,
  hint: "Mend the model; the other syncs were not stopped by it.",
});
