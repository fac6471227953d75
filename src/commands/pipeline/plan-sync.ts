import { GrantMissing } from "../../core/errors.ts";
import type { Plan } from "../../core/plan.ts";
import type { Relation } from "../../core/relation.ts";
import { noFates, type RunRecord, type Trigger } from "../../core/run.ts";
import type { SyncConfig } from "../../core/sync.ts";
import { canonicalMapping } from "../../plan/mapping.ts";
import { makePlan, type PlanOutcome, type PlanRequest } from "../../plan/plan.ts";
import { runStatements } from "../../settle/record-run.ts";
import type { Lease } from "../../store/store.ts";
import { type Need, needsOf } from "../../warehouse/grants.ts";
import type { App, PreparedSync } from "../app.ts";
import { unreadable } from "../unreadable.ts";
import { fieldTypesOf } from "./field-types.ts";
import { withLease } from "./leases.ts";
import { planTarget } from "./prepare.ts";
import { profilesOfPlan } from "./quarantine.ts";
import { newRunId } from "./run-id.ts";
import { agree, agreed, assertStory, trustWarehouse } from "./story.ts";
import { throughCuts } from "./through-cuts.ts";

export interface PlanAsk {
  readonly trigger: Trigger;
  readonly scope: PlanRequest["scope"];
  /** A person says that the warehouse's ledger is right where store and warehouse disagree. */
  readonly trustWarehouse: boolean;
  /** planned: leave it for `run --approve`; running: it will be delivered now. */
  readonly next: "planned" | "running";
}

export interface Planned {
  readonly run: RunRecord;
  readonly outcome: PlanOutcome;
  readonly mapping: string;
}

const warehouseWaitMs = 10 * 60_000;

/** Begins a run and freezes its plan, under the sync's lease. Dies cleanly: before `savePlan` nothing of the run is left. */
export async function planSync(app: App, prepared: PreparedSync, lease: Lease, ask: PlanAsk): Promise<Planned> {
  const store = await app.store();
  const startedAt = app.clock.now();
  const id = newRunId(startedAt);
  await store.begin({ id, sync: prepared.sync.name, trigger: ask.trigger, startedAt }, lease);
  const planned = await freezeRun(app, prepared, lease, ask, { id, startedAt }).catch(async (error: unknown) => {
    const status = app.signal.aborted ? "abandoned" : "failed";
    await store.end(id, status, app.clock.now(), null, describeError(error), lease).catch(() => undefined);
    throw error;
  });
  if (planned.run.status === "held") await tellHeld(app, planned.outcome.plan, ask.trigger, startedAt);
  return planned;
}

async function freezeRun(
  app: App,
  prepared: PreparedSync,
  lease: Lease,
  ask: PlanAsk,
  { id, startedAt }: { readonly id: string; readonly startedAt: Date },
): Promise<Planned> {
  const store = await app.store();
  const { sync } = prepared;
  const relation = await app.relation(sync);
  await store.advance(id, "plan", lease);
  const request: PlanRequest = {
    runId: id,
    createdAt: startedAt,
    sync,
    relation,
    target: planTarget(prepared, id, startedAt, await fieldTypesOf(app, prepared)),
    scope: ask.scope,
  };
  const outcome = await freezeInWarehouse(app, prepared, request, ask).catch((error: unknown) =>
    sayWhatIsLacking(app, sync, relation, error),
  );
  const held = outcome.heldFor.length > 0;
  await store.savePlan(id, outcome.plan, sync, held ? "held" : ask.next, outcome.heldFor, lease);
  const run = await store.run(id);
  if (run === null) throw new Error(`run ${id} has left the store`);
  return { run, outcome, mapping: canonicalMapping(sync) };
}

async function freezeInWarehouse(
  app: App,
  prepared: PreparedSync,
  request: PlanRequest,
  ask: PlanAsk,
): Promise<PlanOutcome> {
  const store = await app.store();
  const warehouse = await app.warehouse();
  const plan = () =>
    warehouse.session(
      "write",
      async (session) => {
        if (ask.trustWarehouse) await trustWarehouse(app, session, prepared);
        const profiles = await profilesOfPlan(app, session, request.sync);
        return makePlan(session, app.tables, { ...request, profiles }, async (look) => {
          if (!ask.trustWarehouse) await assertStory(app, look, request.sync.name, null);
          if (!(await agreed(app, look))) await agree(app, session);
        });
      },
      app.signal,
    );
  // Nothing is sent yet, and a plan that was committed before the cut was seen is replaced by its like.
  return withLease(store, app.clock, "warehouse", warehouseWaitMs, app.signal, () =>
    throughCuts(app.clock, app.signal, plan),
  );
}

/** A refused model is named with the grants that are missing; where none is, the error stays as it is. */
async function sayWhatIsLacking(app: App, sync: SyncConfig, relation: Relation, error: unknown): Promise<never> {
  if (!(error instanceof GrantMissing)) throw error;
  const rights = await app.grants();
  const needs = needsOf(app.tables.schema, [relation]).filter(({ kind }) => kind === "use" || kind === "read");
  const warehouse = await app.warehouse();
  const missing = await warehouse
    .session("read", (session) => rights.missing(session, needs), app.signal)
    .catch((): readonly Need[] => []);
  if (missing.length === 0) throw error;
  throw await unreadable(app, sync, relation, missing, error);
}

/** Only once the store has the plan: a run killed before that leaves nothing, not even a line in `runs`. */
async function tellHeld(app: App, plan: Plan, trigger: Trigger, startedAt: Date): Promise<void> {
  const warehouse = await app.warehouse();
  const counts = { ...noFates, planned: plan.total };
  await withLease(await app.store(), app.clock, "warehouse", warehouseWaitMs, app.signal, () =>
    warehouse.session("write", (session) =>
      session.execute(
        runStatements(session.dialect, app.tables, { plan, trigger, startedAt, endedAt: null, status: "held", counts }),
      ),
    ),
  );
}

/** What a failed run leaves in the store: no values, no secrets; our errors carry none. */
export function describeError(error: unknown): NonNullable<RunRecord["error"]> {
  if (error instanceof Error && "code" in error && "hint" in error) {
    return { code: String(error.code), message: error.message, hint: String(error.hint) };
  }
  return {
    code: "UNEXPECTED",
    message: error instanceof Error ? error.name : "an unexpected error",
    hint: "This is a defect; please report it.",
  };
}
