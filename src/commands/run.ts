import { ConfigError } from "../core/errors.ts";
import type { App } from "./app.ts";
import { chooseSyncs } from "./pipeline/prepare.ts";
import { runSyncs, tellRuns } from "./pipeline/run-all.ts";
import { approveRun, type RunAsk } from "./pipeline/run-sync.ts";
import { progressLine } from "./pipeline/show-progress.ts";
import type { VerbAction } from "./run-verb.ts";

export interface RunOptions {
  readonly build: boolean;
  readonly approve?: string;
  readonly full?: boolean;
  readonly adopt?: boolean;
  readonly rebuild?: boolean;
}

/** `run [SYNC…]`: build, plan, deliver, settle, report. */
export const run =
  (names: readonly string[], options: RunOptions): VerbAction =>
  async ({ open }) => {
    const ask = askOf(names, options);
    const app = await open();
    if (options.approve !== undefined) return approve(app, options.approve);
    return tellRuns(app, await runSyncs(app, chooseSyncs(app, names), ask, { build: options.build }));
  };

export async function approve(app: App, runId: string) {
  const line = progressLine(app.out);
  const report = await approveRun(app, runId, line.show);
  line.clear();
  return tellRuns(app, [report]);
}

function askOf(names: readonly string[], options: RunOptions): RunAsk {
  const chosen = (["approve", "full", "adopt", "rebuild"] as const).filter((name) => options[name] !== undefined);
  if (chosen.length > 1) {
    throw new ConfigError(`--${chosen.join(" and --")} do not go together`, { hint: "Choose one of them." });
  }
  if ((options.adopt || options.rebuild) && names.length === 0) {
    throw new ConfigError(`--${chosen[0]} needs the names of the syncs it is about`, {
      hint: `millrace run SYNC --${chosen[0]}`,
    });
  }
  if (options.full) return { trigger: "full", scope: "full", trustWarehouse: false };
  if (options.rebuild) return { trigger: "full", scope: "rebuild", trustWarehouse: true };
  if (options.adopt) return { trigger: "manual", scope: "trust", trustWarehouse: true };
  return { trigger: "manual", scope: "changes", trustWarehouse: false };
}
