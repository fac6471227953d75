import { PlanSuperseded, StateDiverged } from "../../core/errors.ts";
import { noCounts } from "../../core/plan.ts";
import { noFates, type RunRecord } from "../../core/run.ts";
import type { SyncConfig } from "../../core/sync.ts";
import { canonicalMapping } from "../../plan/mapping.ts";
import { doubtUnsettled } from "../../settle/doubt-unsettled.ts";
import { settle } from "../../settle/settle.ts";
import { bindingOf, differences } from "../../state/bindings.ts";
import { claimWarehouse, ensureState } from "../../state/ensure.ts";
import { type Look, readLook } from "../../state/look.ts";
import { syncTables } from "../../state/names.ts";
import { stateVersion } from "../../state/schema.ts";
import { assertOneStory } from "../../state/story.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App, PreparedSync } from "../app.ts";
import { destinationOf, shapeOf } from "./prepare.ts";

/**
 * Throws StateDiverged unless store and warehouse tell the same story of the sync.
 * @param settling a run whose settling was cut off: the warehouse may have it already
 */
export async function assertStory(app: App, look: Look | null, sync: string, settling: string | null): Promise<void> {
  const store = await app.store();
  const planOf = look?.frozen?.runId ?? null;
  assertOneStory({
    sync,
    storeId: store.storeId,
    store: {
      warehouseId: await store.warehouseId(),
      lastSettled: await store.lastSettled(sync),
      unfinished: settling === null ? [] : [settling],
      knowsPlan: planOf === null || (await store.run(planOf)) !== null,
    },
    warehouse: look === null ? null : { ...look.meta, lastSettled: lastSettledIn(look, sync), planOf },
  });
}

/** Before a cut-off run goes on: its frozen plan must still stand, and the warehouse must not have moved past it. */
export async function assertResumable(app: App, run: RunRecord): Promise<void> {
  const warehouse = await app.warehouse();
  await warehouse.session(
    "read",
    async (session) => {
      const look = await readLook(session, app.tables, run.sync);
      await assertStory(app, look, run.sync, run.stage === "settle" ? run.id : null);
      if (run.plan === null || run.plan.total === 0) return;
      const frozen = look?.frozen;
      if (frozen?.runId === run.id && frozen.total === run.plan.total) return;
      if (run.status !== "running") {
        // A newer plan took its place and died before the store knew of it.
        await (await app.store()).mark(run.id, "superseded", app.clock.now());
        throw new PlanSuperseded(`plan ${run.id} is superseded: the warehouse no longer holds it`, {
          hint: `Make a new one: \`millrace plan ${run.sync}\`.`,
        });
      }
      throw new StateDiverged(`run ${run.id} was cut off, and the warehouse no longer has its plan`, {
        hint:
          `The warehouse was restored or its schema emptied. \`millrace run ${run.sync} --adopt\` goes on from the ledger as it stands, ` +
          `and sends again what that run had sent; \`millrace adopt ${run.sync}\` takes all rows of the model as delivered; ` +
          `\`millrace run ${run.sync} --rebuild\` sends everything again.`,
      });
    },
    app.signal,
  );
}

/**
 * A person chose the warehouse's story: the store takes it over and gives up what it believed was under way. The rows of a
 * plan that never settled may be at the destination: where a row must not be sent twice they are parked as unknown, elsewhere
 * the ledger takes note of them. In this order a kill leaves either the run resumable or the divergence to be asked again.
 */
export async function trustWarehouse(app: App, session: Session, prepared: PreparedSync): Promise<void> {
  const store = await app.store();
  const { sync } = prepared;
  await agree(app, session);
  const look = await readLook(session, app.tables, sync.name);
  if (look !== null) await noteUnsettled(app, session, prepared, look);
  for (const run of await store.unfinished()) {
    if (run.sync === sync.name && run.plan !== null) await store.mark(run.id, "abandoned", app.clock.now());
  }
  const now = await readLook(session, app.tables, sync.name);
  await store.saveLastSettled(sync.name, now && lastSettledIn(now, sync.name));
}

/** Makes Millrace's tables where they are missing, and store and warehouse know each other. */
export async function agree(app: App, session: Session): Promise<void> {
  const store = await app.store();
  const meta = await ensureState(session, app.tables, store.storeId);
  if (meta.storeId !== store.storeId) await claimWarehouse(session, app.tables, store.storeId);
  await store.saveWarehouseId(meta.warehouseId);
}

/** Do they know each other already, and is nothing to be made or brought forward? */
export async function agreed(app: App, look: Look | null): Promise<boolean> {
  const store = await app.store();
  return (
    look !== null &&
    look.meta.version === stateVersion &&
    look.meta.storeId === store.storeId &&
    look.meta.warehouseId === (await store.warehouseId())
  );
}

/** Does the sync's ledger belong to another destination than the sync now names? */
export async function boundElsewhere(app: App, prepared: PreparedSync): Promise<boolean> {
  const { sync } = prepared;
  const { accountKey, object } = destinationOf(prepared);
  const now = bindingOf(sync, accountKey, object);
  const warehouse = await app.warehouse();
  return warehouse.session(
    "read",
    async (session) => {
      const look = await readLook(session, app.tables, sync.name);
      const stored = look?.bindings.find((binding) => binding.sync === sync.name);
      return stored !== undefined && differences(stored, now).length > 0;
    },
    app.signal,
  );
}

async function noteUnsettled(app: App, session: Session, prepared: PreparedSync, look: Look): Promise<void> {
  const { sync } = prepared;
  const { frozen } = look;
  if (frozen === null || frozen.total === 0) return;
  if (frozen.runId === lastSettledIn(look, sync.name)) return;
  // An append under another run has another idempotency key, so the receiver could not tell that it has the row already.
  const once = sync.mode === "append" || shapeOf(prepared, frozen.runId, app.clock.now(), null).resend === "once";
  if (once) await parkUnsettled(app, session, sync, frozen);
  else await doubtUnsettled(session, app.tables, sync, frozen.runId);
}

async function parkUnsettled(
  app: App,
  session: Session,
  sync: SyncConfig,
  frozen: { readonly runId: string; readonly total: number },
): Promise<void> {
  const now = app.clock.now();
  const lost = {
    status: "unknown",
    code: "STORE_LOST",
    message: "the control store that knew whether this was sent was lost",
  } as const;
  const own = syncTables(app.tables.schema, sync.name, session.dialect.traits.maxIdentifier);
  await settle(session, app.tables, inOnePage([{ fromSeq: 1, toSeq: frozen.total, attempt: 1, ...lost }]), {
    plan: {
      runId: frozen.runId,
      sync: sync.name,
      table: own.plan,
      createdAt: now,
      counts: noCounts,
      total: frozen.total,
      removes: 0,
      mappingChanges: [],
      fingerprintEngine: "",
    },
    sync,
    mapping: canonicalMapping(sync),
    trigger: "manual",
    startedAt: now,
    endedAt: now,
    status: "failed",
    counts: { ...noFates, planned: frozen.total, unknown: frozen.total },
  });
  app.out.note(
    `${sync.name}: ${frozen.total} rows of run ${frozen.runId} may have been sent: decide with \`millrace resolve ${frozen.runId}\``,
  );
}

async function* inOnePage<T>(page: readonly T[]): AsyncIterable<readonly T[]> {
  yield page;
}

const lastSettledIn = (look: Look, sync: string): string | null =>
  look.bindings.find((binding) => binding.sync === sync)?.lastSettledRun ?? null;
