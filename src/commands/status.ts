import type { RunRecord } from "../core/run.ts";
import { bold, dim, green, red, yellow } from "../report/paint.ts";
import type { RunStore } from "../store/store.ts";
import type { VerbAction } from "./run-verb.ts";

interface SyncStatus {
  readonly sync: string;
  readonly state: string;
  readonly last_run: string | null;
  readonly last_status: string | null;
  readonly last_ended_at: string | null;
  readonly working: string | null;
  readonly waiting_for: readonly string[];
}

/** `status`: reads the control store only, so it answers while others work. Exit 0 whatever it finds. */
export const status =
  (): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const store = await app.store();
    const syncs = [];
    for (const sync of app.syncs) syncs.push(await statusOf(store, sync.name, app.flags));
    const paint = { color: app.out.color };
    app.out.print(
      `${bold(paint, app.projectName)}${app.environment === null ? "" : ` (${app.environment})`}: ${syncs.length} syncs`,
    );
    for (const sync of syncs) {
      const color =
        sync.state === "ok"
          ? green
          : sync.state === "never run"
            ? dim
            : sync.state === "failed" || sync.state === "held"
              ? red
              : yellow;
      const last = sync.last_run === null ? "" : `  ${sync.last_run} ${sync.last_ended_at ?? ""}`.trimEnd();
      app.out.print(
        `  ${sync.sync.padEnd(32)} ${color(paint, sync.state)}${last}${sync.working === null ? "" : `  worked on by ${sync.working}`}`,
      );
      for (const waiting of sync.waiting_for) app.out.print(`    ${waiting}`);
    }
    app.out.emit({ project: app.projectName, environment: app.environment, syncs });
    return 0;
  };

async function statusOf(store: RunStore, sync: string, flags: string): Promise<SyncStatus> {
  const [last] = await store.runs({ sync, limit: 1 });
  const holder = await store.holder(`sync:${sync}`);
  const open = await store.runs({ sync, limit: 200 });
  return {
    sync,
    state: last === undefined ? "never run" : stateOf(last),
    last_run: last?.id ?? null,
    last_status: last?.status ?? null,
    last_ended_at: last?.endedAt?.toISOString() ?? null,
    working: holder?.owner ?? null,
    waiting_for: [
      ...open
        .filter((run) => run.status === "held")
        .map((run) => `plan ${run.id} is held: ${run.heldFor.join("; ")} (millrace run --approve ${run.id}${flags})`),
      ...open
        .filter((run) => (run.counts?.unknown ?? 0) > 0)
        .map(
          (run) => `${run.counts?.unknown} rows of ${run.id} were never answered (millrace resolve ${run.id}${flags})`,
        ),
      ...(holder === null
        ? open
            .filter((run) => run.status === "running")
            .map((run) => `${run.id} was cut off at ${run.stage} (millrace resume${flags})`)
        : []),
    ],
  };
}

function stateOf(run: RunRecord): string {
  if (run.status !== "done") return run.status;
  const { rejected, retry, unknown } = run.counts ?? { rejected: 0, retry: 0, unknown: 0 };
  if (unknown > 0) return "rows unanswered";
  return rejected + retry + (run.plan?.counts.refused ?? 0) > 0 ? "rows need a hand" : "ok";
}
