import type { RunReport } from "../report/run-report.ts";
import type { App } from "./app.ts";
import { withLease } from "./pipeline/leases.ts";
import { tellRuns } from "./pipeline/run-all.ts";
import { finishLeftovers } from "./pipeline/run-sync.ts";
import { progressLine } from "./pipeline/show-progress.ts";
import type { VerbAction } from "./run-verb.ts";

/** `resume`: every run that a crash cut off is finished from its own frozen plan; one without a plan left nothing. */
export const resume =
  (): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const reports = await resumeAll(app);
    if (reports.length === 0) app.out.print("nothing to resume");
    return tellRuns(app, reports);
  };

export async function resumeAll(app: App): Promise<RunReport[]> {
  const store = await app.store();
  const line = progressLine(app.out);
  const reports: RunReport[] = [];
  for (const sync of new Set((await store.unfinished()).map((run) => run.sync))) {
    const finished = await withLease(store, app.clock, `sync:${sync}`, 0, app.signal, (lease) =>
      finishLeftovers(app, sync, lease, line.show),
    );
    line.clear();
    reports.push(...finished);
  }
  return reports;
}
