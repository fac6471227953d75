import { StateDiverged } from "../core/errors.ts";

export interface Story {
  readonly sync: string;
  readonly storeId: string;
  /** What the store remembers. */
  readonly store: {
    readonly warehouseId: string | null;
    readonly lastSettled: string | null;
    readonly unfinished: readonly string[];
    /** Is there any trace of the run whose plan the warehouse holds? true where it holds none. */
    readonly knowsPlan: boolean;
  };
  /** What the warehouse remembers; null: Millrace's tables are not there. */
  readonly warehouse: {
    readonly warehouseId: string;
    readonly storeId: string;
    readonly lastSettled: string | null;
    /** The run whose frozen plan it holds. */
    readonly planOf: string | null;
  } | null;
}

/**
 * Store and warehouse each remember the other and the sync's last settled run. A kill between the two commits of one
 * settle leaves the warehouse one unfinished run ahead: that is no divergence. A plan that never settled, of a run that the
 * store has never heard of, is: its rows may be on their way, and the ledger does not have them.
 * @throws StateDiverged saying which of the two was lost or restored, and the mend
 */
export function assertOneStory({ sync, storeId, store, warehouse }: Story): void {
  const choose =
    `If the destination is as the warehouse's ledger says: \`millrace run ${sync} --adopt\` keeps that ledger and goes on from it. ` +
    `If it has all rows of the model: \`millrace adopt ${sync}\` takes them as delivered. ` +
    `If neither: \`millrace run ${sync} --rebuild\` sends everything again.`;
  if (warehouse === null) {
    if (store.warehouseId === null || store.lastSettled === null) return;
    throw new StateDiverged(
      `the warehouse has lost Millrace's tables: this store settled run ${store.lastSettled} of ${sync} there`,
      {
        hint: `Restore the schema, or check \`warehouse:\` in millrace.yml. ${choose}`,
      },
    );
  }
  if (warehouse.storeId !== storeId && warehouse.lastSettled !== null) {
    throw new StateDiverged(
      `the warehouse's ledger of ${sync} was settled with another control store (${warehouse.storeId}); this one is ${storeId}`,
      {
        hint: `Restore the store file, or check \`store:\` in millrace.yml. ${choose} Rows in flight when the store was lost are not known to it.`,
      },
    );
  }
  if (store.warehouseId !== null && store.warehouseId !== warehouse.warehouseId && store.lastSettled !== null) {
    throw new StateDiverged(
      `this store settled ${sync} in another warehouse (${store.warehouseId}); this one is ${warehouse.warehouseId}`,
      {
        hint: `Check \`warehouse:\` in millrace.yml. ${choose}`,
      },
    );
  }
  if (!store.knowsPlan && warehouse.planOf !== warehouse.lastSettled) {
    throw new StateDiverged(
      `the warehouse holds the plan of run ${warehouse.planOf} of ${sync}, which this control store has never heard of`,
      { hint: `The store was lost, or restored from a backup. ${choose} Rows of that run may have been sent.` },
    );
  }
  if (store.lastSettled === warehouse.lastSettled) return;
  if (warehouse.lastSettled !== null && store.unfinished.includes(warehouse.lastSettled)) return;
  throw new StateDiverged(
    `store and warehouse disagree on the last settled run of ${sync}: store ${store.lastSettled ?? "none"}, warehouse ${warehouse.lastSettled ?? "none"}`,
    { hint: `One of them was restored from a backup. ${choose}` },
  );
}
