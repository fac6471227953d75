import { afterAll, beforeAll, describe } from "vitest";
import { type Bench, createBench, type WarehouseContract, type WarehouseUnderTest } from "./warehouse/bench.ts";
import { bulkContract } from "./warehouse/bulk.ts";
import { castsContract } from "./warehouse/casts.ts";
import { fingerprintsContract } from "./warehouse/fingerprints.ts";
import { sessionsContract } from "./warehouse/sessions.ts";
import { statementsContract } from "./warehouse/statements.ts";
import { valuesContract } from "./warehouse/values.ts";

export type { WarehouseContract, WarehouseUnderTest } from "./warehouse/bench.ts";

/** What every warehouse must do; each engine's test calls this with a way to open an empty one. */
export function warehouseContract(contract: WarehouseContract): void {
  describe(`${contract.name} keeps the warehouse contract`, () => {
    let open: WarehouseUnderTest | null = null;
    let made: Bench | null = null;

    beforeAll(async () => {
      open = await contract.open();
      made = createBench(contract, open);
    });
    afterAll(async () => {
      await open?.remove();
    });

    const bench = (): Bench => {
      if (made === null) throw new Error(`${contract.name} could not be opened`);
      return made;
    };
    valuesContract(bench);
    statementsContract(bench);
    bulkContract(bench);
    sessionsContract(bench);
    fingerprintsContract(bench);
    castsContract(bench);
  });
}
