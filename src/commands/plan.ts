import { worstExit } from "../core/exit.ts";
import { targetSync } from "../deliver/deliver.ts";
import { maskRow, maskValue } from "../destinations/pii.ts";
import type { PlanOutcome } from "../plan/plan.ts";
import { bytesToRead, changeReader } from "../plan/read-changes.ts";
import { type BytesRead, countsDocument, type PlanReport, planText, type Sample } from "../report/plan-report.ts";
import type { App, PreparedSync } from "./app.ts";
import { withLease } from "./pipeline/leases.ts";
import { type PlanAsk, planSync } from "./pipeline/plan-sync.ts";
import { chooseSyncs, prepareSync } from "./pipeline/prepare.ts";
import { approveCommand, finishLeftovers } from "./pipeline/run-sync.ts";
import type { VerbAction } from "./run-verb.ts";

const samplesPerOp = 3;

/** `plan [SYNC…]`: freezes plans, shows them, sends nothing. A held plan is exit 4, as it would be for `run`. */
export const plan =
  (names: readonly string[], options: { readonly full?: boolean }): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const reports: PlanReport[] = [];
    const ask: PlanAsk = {
      trigger: options.full ? "full" : "manual",
      scope: options.full ? "full" : "changes",
      trustWarehouse: false,
      next: "planned",
    };
    for (const sync of chooseSyncs(app, names)) {
      const report = await planOne(app, await prepareSync(app, sync), ask);
      app.out.print(planText(report, { color: app.out.color }));
      reports.push(report);
    }
    const exit = worstExit(reports.map((report) => (report.status === "held" ? 4 : 0)));
    app.out.emit({ plans: reports, exit_code: exit });
    return exit;
  };

async function planOne(app: App, prepared: PreparedSync, ask: PlanAsk): Promise<PlanReport> {
  const store = await app.store();
  const { sync } = prepared;
  return withLease(store, app.clock, `sync:${sync.name}`, 0, app.signal, async (lease) => {
    await finishLeftovers(app, sync.name, lease);
    const { run, outcome } = await planSync(app, prepared, lease, ask);
    const status = run.status === "held" ? "held" : outcome.plan.total === 0 ? "nothing" : "ready";
    const requests = requestsFor(prepared, outcome);
    const shown = await samples(app, prepared, outcome);
    return {
      plan_id: run.id,
      sync: sync.name,
      status,
      destination: `${sync.to.account} ${sync.to.target}`,
      mode: sync.mode,
      counts: countsDocument(outcome.plan.counts, outcome.plan.total),
      held_for: outcome.heldFor,
      mapping_changes: outcome.plan.mappingChanges,
      refusals: outcome.refusals,
      samples: shown.samples,
      requests,
      estimated_seconds: requests === null ? null : secondsFor(prepared, requests),
      bytes: outcome.bytesRead === null ? null : { plan: outcome.bytesRead, deliver: shown.bytes ?? 0 },
      expires_at: new Date(run.startedAt.getTime() + app.planExpiryMs).toISOString(),
      approve: status === "nothing" ? null : approveCommand(app, run),
    };
  });
}

function requestsFor({ target, options, sync }: PreparedSync, { plan: frozen }: PlanOutcome): number | null {
  if (frozen.total === 0) return 0;
  const told = targetSync(frozen.runId, sync, frozen);
  if (target.requests !== undefined) return target.requests(options, told);
  const { batch } = target.shape(options, told);
  const rows = Math.min(batch.maxRows, sync.batch.rows ?? batch.maxRows);
  return Math.ceil(frozen.removes / rows) + Math.ceil((frozen.total - frozen.removes) / rows);
}

/** What the strictest of the account's rate limits makes of it. */
function secondsFor({ account }: PreparedSync, requests: number): number {
  const limits = account.connector.limits(account.account);
  return Math.max(
    0,
    ...limits.map(({ requests: allowed, perMs }) => (Math.max(0, requests - allowed) / allowed) * (perMs / 1_000)),
  );
}

interface Shown {
  readonly samples: Sample[];
  /** Dry run of reading the plan for its delivery. */
  readonly bytes: BytesRead["deliver"] | null;
}

/** The first rows of each operation, people's values masked unless the user asked to see them. */
async function samples(app: App, { sync }: PreparedSync, { plan: frozen }: PlanOutcome): Promise<Shown> {
  if (frozen.total === 0) return { samples: [], bytes: null };
  const { add, remove, update } = frozen.counts;
  const read = changeReader(frozen, sync);
  const warehouse = await app.warehouse();
  return warehouse.session("read", async (session) => {
    const head = remove === 0 ? [] : await read(session, 1, Math.min(samplesPerOp, remove));
    const rest =
      add + update === 0 ? [] : await read(session, frozen.removes + 1, Math.min(frozen.total, frozen.removes + 500));
    const chosen = [
      ...head,
      ...["add", "update"].flatMap((op) => rest.filter((change) => change.plannedOp === op).slice(0, samplesPerOp)),
    ];
    return {
      bytes: await bytesToRead(session, frozen),
      samples: chosen.map(({ plannedOp, key, match, fields }) => ({
        op: plannedOp,
        key: app.showValues ? key : String(maskValue(key)),
        match: app.showValues ? match : maskRow(match),
        fields: app.showValues ? fields : maskRow(fields),
      })),
    };
  });
}
