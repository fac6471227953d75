import { describe } from "vitest";
import { batchCases } from "./run-store/batches.ts";
import { leaseCases } from "./run-store/leases.ts";
import { resultCases } from "./run-store/results.ts";
import { runCases } from "./run-store/runs.ts";
import type { StorePlace } from "./run-store/setup.ts";

/** What every control store must do. `place` makes an empty place for each case. */
export function runStoreContract(name: string, place: () => Promise<StorePlace>): void {
  describe(`run store: ${name}`, () => {
    leaseCases(place);
    runCases(place);
    batchCases(place);
    resultCases(place);
  });
}
