import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import type { Dialect } from "../../src/warehouse/dialect.ts";
import { createDuckDbWarehouse } from "../../src/warehouse/duckdb/index.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";

/** Where a LedgerLab keeps its warehouse: one empty database per folder. */
export interface LabEngine {
  open(dir: string, dialect?: Dialect): Promise<Warehouse>;
  remove(dir: string): Promise<void>;
}

const duckDb: LabEngine = {
  open: async (dir, dialect) =>
    createDuckDbWarehouse({ path: join(dir, "w.duckdb"), clock: systemClock, ...(dialect && { dialect }) }),
  // The file lies in the lab's own folder.
  remove: async () => undefined,
};

let chosen = duckDb;

export const labEngine = (): LabEngine => chosen;

/** From now on every lab of this test file opens there: the same tests on another engine. */
export function useLabEngine(engine: LabEngine): void {
  chosen = engine;
}
