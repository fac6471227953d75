import { chooseSyncs } from "./pipeline/prepare.ts";
import { runSyncs, tellRuns } from "./pipeline/run-all.ts";
import type { VerbAction } from "./run-verb.ts";

/** `retry SYNC`: a plan of only those keys that were refused, from the current model; guarded like any other. */
export const retry =
  (name: string): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const ask = { trigger: "retry", scope: "rejects", trustWarehouse: false } as const;
    return tellRuns(app, await runSyncs(app, chooseSyncs(app, [name]), ask, { build: false }));
  };
