import type { RunReport } from "../report/run-report.ts";
import type { App } from "./app.ts";
import { withLease } from "./pipeline/leases.ts";
import { tellRuns } from "./pipeline/run-all.ts";
import { failedReport, finishLeftovers, type OnProgress } from "./pipeline/run-sync.ts";
import { progressLine } from "./pipeline/show-progress.ts";
import type { VerbAction } from "./run-verb.ts";

/** `resume`: every run that a crash cut off is finished from its own frozen plan; one without a plan left nothing. */
export const resume =
  (): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const line = progressLine(app.out);
    const reports: RunReport[] = [];
    for (const sync of await unfinishedSyncs(app)) {
      reports.push(...(await resumeSync(app, sync, line.show)));
      line.clear();
    }
    if (reports.length === 0) app.out.print("nothing to resume");
    return tellRuns(app, reports);
  };

/** The syncs that have runs which were begun and have not ended. */
export async function unfinishedSyncs(app: App): Promise<string[]> {
  const store = await app.store();
  return [...new Set((await store.unfinished()).map((run) => run.sync))];
}

/** Finishes what is left of one sync. Its error is its report, so that the other syncs go on; a stop is thrown. */
export async function resumeSync(app: App, sync: string, onProgress?: OnProgress): Promise<RunReport[]> {
  try {
    return await withLease(await app.store(), app.clock, `sync:${sync}`, 0, app.signal, (lease) =>
      finishLeftovers(app, sync, lease, onProgress),
    );
  } catch (error) {
    if (app.signal.aborted) throw error;
    return [failedReport(sync, null, error)];
  }
}
