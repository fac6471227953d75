import { ConfigError } from "../core/errors.ts";
import { dropSync } from "../state/ensure.ts";
import type { App } from "./app.ts";
import { withLease } from "./pipeline/leases.ts";
import { chooseSyncs } from "./pipeline/prepare.ts";
import { runSyncs, tellRuns } from "./pipeline/run-all.ts";
import { approve } from "./run.ts";
import type { VerbAction } from "./run-verb.ts";

/**
 * `retire SYNC --remove | --forget`: ends a sync. `--remove` takes away at the destination what it put there; it waits
 * for approval if there is anything to remove. Then ledger, plan and rejects are dropped; results and runs stay.
 */
export const retire =
  (
    name: string,
    options: { readonly remove?: boolean; readonly forget?: boolean; readonly approve?: string },
  ): VerbAction =>
  async ({ open }) => {
    if ((options.remove === true) === (options.forget === true)) {
      throw new ConfigError("retire needs to know what becomes of the rows at the destination", {
        hint: "Choose --remove (take them away) or --forget (leave them).",
      });
    }
    const app = await open();
    const [sync] = chooseSyncs(app, [name]);
    if (sync === undefined) return 2;
    if (options.forget) {
      await forget(app, name);
      app.out.print(`${name}: forgotten; the destination keeps what it has. Remove ${sync.origin.file} now.`);
      app.out.emit({ sync: name, retired: "forget", exit_code: 0 });
      return 0;
    }
    if (options.approve !== undefined) {
      await assertEndOf(app, name, options.approve);
      const exit = await approve(app, options.approve);
      if (exit === 0) await forget(app, name);
      return exit;
    }
    const ask = { trigger: "retire", scope: "retire", trustWarehouse: false } as const;
    const reports = await runSyncs(app, [sync], ask, { build: false });
    if (reports.every((report) => report.status === "done" && report.exit_code === 0)) await forget(app, name);
    return tellRuns(app, reports);
  };

/** The ledger goes when the plan is delivered: it must be the plan that ends this sync. */
async function assertEndOf(app: App, sync: string, runId: string): Promise<void> {
  const run = await (await app.store()).run(runId);
  if (run === null || (run.sync === sync && run.trigger === "retire")) return;
  throw new ConfigError(`plan ${runId} is not the removal of ${sync}`, {
    hint: `\`millrace retire ${sync} --remove\` makes that plan and names it; other plans: \`millrace run --approve\`.`,
  });
}

async function forget(app: App, sync: string): Promise<void> {
  const store = await app.store();
  const warehouse = await app.warehouse();
  await withLease(store, app.clock, `sync:${sync}`, 0, app.signal, async () => {
    await warehouse.session(
      "write",
      (session) => session.transaction(() => dropSync(session, app.tables, sync)),
      app.signal,
    );
    await store.saveLastSettled(sync, null);
  });
}
