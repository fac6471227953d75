import { chooseSyncs } from "./pipeline/prepare.ts";
import { runSyncs, tellRuns } from "./pipeline/run-all.ts";
import type { VerbAction } from "./run-verb.ts";

/** `adopt SYNC`: the ledger is filled from the model as if everything had been delivered; nothing is sent. */
export const adopt =
  (name: string): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const ask = { trigger: "adopt", scope: "adopt", trustWarehouse: true } as const;
    return tellRuns(app, await runSyncs(app, chooseSyncs(app, [name]), ask, { build: false }));
  };
