import { ConfigError, FenceLost, Interrupted } from "../core/errors.ts";
import type { SyncConfig } from "../core/sync.ts";
import { createScheduler } from "../schedule/scheduler.ts";
import type { Lease } from "../store/store.ts";
import type { App } from "./app.ts";
import { leaseMs, withLease } from "./pipeline/leases.ts";
import { describeError } from "./pipeline/plan-sync.ts";
import { resumeSync, unfinishedSyncs } from "./resume.ts";
import type { VerbAction } from "./run-verb.ts";
import { dueRunner } from "./serve/run-due.ts";
import { awaitDeadServer, serveResource } from "./serve/serve-lease.ts";
import { createServeLog, type ServeLog, scheduleText } from "./serve/serve-log.ts";

/** From the signal to the end of the process it takes 10 s at most; what is cut off then is resumed like after a crash. */
const endWithinMs = 9_700;

/** `serve`: the syncs' schedules, until SIGTERM or Ctrl-C. Project files are read at the start only. */
export const serve =
  (): VerbAction =>
  async ({ open, out }) => {
    const app = await open();
    const syncs = scheduled(app);
    const log = createServeLog(out, app.clock);
    const limit = new AbortController();
    const limited = endInTime(app, log, limit.signal);
    try {
      await awaitDeadServer(app, log);
      await withLease(await app.store(), app.clock, serveResource, 0, app.signal, (lease) =>
        keepServing(app, syncs, log, lease),
      );
    } catch (error) {
      if (!app.signal.aborted) throw error;
    }
    const left = await unfinishedSyncs(app);
    log({ event: "stopped", to_resume: left });
    await app.close();
    limit.abort();
    await limited;
    return signalOf(app.signal) === "SIGTERM" ? 0 : 130;
  };

/** Until the process is told to stop. Throws FenceLost when another process has taken the schedules over. */
async function keepServing(app: App, syncs: readonly SyncConfig[], log: ServeLog, lease: Lease): Promise<void> {
  const over = new AbortController();
  const store = await app.store();
  const resuming = new Map<string, Promise<void>>();
  const nextAt = (sync: string) =>
    scheduler
      .upcoming()
      .find((tick) => tick.sync === sync)
      ?.at.toISOString() ?? null;
  const scheduler = createScheduler({
    clock: app.clock,
    syncs: syncs.flatMap(({ name, schedule }) => (schedule === undefined ? [] : [{ name, schedule }])),
    store,
    onDue: dueRunner({
      app,
      syncs,
      log,
      assertOurs: () => lease.renew(leaseMs),
      resumed: async (sync) => resuming.get(sync),
      built: (at) => scheduler.built(at),
      nextAt,
    }),
    onError(error, names) {
      if (app.signal.aborted) return;
      if (error instanceof FenceLost) over.abort(error);
      else log({ event: "failed", syncs: names, error: describeError(error) });
    },
  });
  const stop = () => {
    log({ event: "stopping", signal: signalOf(app.signal) });
    // At once, before what runs notices the signal: ticks that it cuts off must stay due.
    void scheduler.abort(app.signal.reason as Error);
    over.abort(app.signal.reason);
  };
  app.signal.throwIfAborted();
  app.signal.addEventListener("abort", stop, { once: true });

  for (const sync of await unfinishedSyncs(app)) resuming.set(sync, resumeOne(app, sync, log));
  await scheduler.start();
  log({
    event: "started",
    project: app.projectName,
    syncs: syncs.flatMap(({ name, schedule }) =>
      schedule === undefined ? [] : [{ sync: name, schedule: scheduleText(schedule), next_at: nextAt(name) }],
    ),
  });
  await aborted(over.signal);
  await Promise.all([scheduler.stop(), ...resuming.values()]);
  app.signal.removeEventListener("abort", stop);
  if (!app.signal.aborted) throw over.signal.reason;
}

async function resumeOne(app: App, sync: string, log: ServeLog): Promise<void> {
  log({ event: "resuming", sync });
  try {
    for (const run of await resumeSync(app, sync)) log({ event: "run", run, next_at: null });
  } catch (error) {
    if (!app.signal.aborted) log({ event: "failed", syncs: [sync], error: describeError(error) });
  }
}

function scheduled(app: App): SyncConfig[] {
  const syncs = app.syncs.filter((sync) => sync.schedule !== undefined);
  const hint = "Give a sync `schedule: { every: 15m }` or `schedule: { cron: 0 6 * * *, timezone: Europe/London }`.";
  if (syncs.length === 0) throw new ConfigError("no sync has a schedule", { hint });
  if (syncs.every((sync) => sync.schedule?.kind === "after-build")) {
    throw new ConfigError("no sync is due by time: `after: build` follows the builds that other schedules make", {
      hint,
    });
  }
  return syncs;
}

/** Ends the process when ending takes too long, e.g. because a large ledger is being settled. */
async function endInTime(app: App, log: ServeLog, ended: AbortSignal): Promise<void> {
  await aborted(AbortSignal.any([app.signal, ended]));
  await app.clock.sleep(endWithinMs, ended).then(
    () => {
      log({
        event: "failed",
        syncs: [],
        error: {
          code: "STOP_FORCED",
          message: "ending took too long",
          hint: "`millrace resume` finishes what was cut off.",
        },
      });
      process.exit(130);
    },
    () => undefined,
  );
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** SIGTERM or SIGINT. */
const signalOf = ({ reason }: AbortSignal): string =>
  reason instanceof Interrupted && typeof reason.context.signal === "string" ? reason.context.signal : "SIGINT";
