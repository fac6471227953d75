import { ConfigError } from "../core/errors.ts";
import type { VerbAction } from "./run-verb.ts";

/** `runs [SYNC]`: history, newest first, from the control store. */
export const runs =
  (sync: string | undefined, options: { readonly limit: string }): VerbAction =>
  async ({ open }) => {
    const limit = Number(options.limit);
    if (!Number.isInteger(limit) || limit < 1) {
      throw new ConfigError(`--limit ${options.limit} is no number of runs`, { hint: "A whole number from 1." });
    }
    const app = await open();
    const found = await (await app.store()).runs({ ...(sync !== undefined && { sync }), limit });
    if (found.length === 0) app.out.print("no runs yet");
    const rows = found.map((run) => ({
      run_id: run.id,
      sync: run.sync,
      trigger: run.trigger,
      status: run.status,
      stage: run.stage,
      started_at: run.startedAt.toISOString(),
      ended_at: run.endedAt?.toISOString() ?? null,
      planned: run.plan?.total ?? null,
      delivered: run.counts?.delivered ?? null,
      accepted: run.counts?.accepted ?? null,
      rejected: run.counts?.rejected ?? null,
      retry: run.counts?.retry ?? null,
      unknown: run.counts?.unknown ?? null,
      model_rows: run.plan?.counts.modelRows ?? null,
      unchanged: run.plan?.counts.unchanged ?? null,
      refused: run.plan?.counts.refused ?? null,
      suppressed: run.plan?.counts.suppressed ?? null,
      held_for: run.heldFor,
      error: run.error,
    }));
    for (const row of rows) {
      const fates = (["delivered", "accepted", "rejected", "retry", "unknown"] as const).flatMap((name) =>
        (row[name] ?? 0) > 0 ? [`${row[name]} ${name}`] : [],
      );
      app.out.print(
        `${row.run_id}  ${row.sync}  ${row.trigger}  ${row.status}  ${row.planned ?? 0} planned${fates.length > 0 ? `: ${fates.join(", ")}` : ""}${row.error === null ? "" : `  ${row.error.code}`}`,
      );
    }
    app.out.emit({ runs: rows });
    return 0;
  };
