import { randomBytes } from "node:crypto";
import { systemClock } from "../../../src/core/clock.ts";
import { type BigQueryWarehouseOptions, createBigQueryWarehouse } from "../../../src/warehouse/bigquery/index.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { startEmulator } from "./emulator.ts";
import { type Shim, startShim } from "./shim.ts";

/** A BigQuery emulator of its own behind the shim. */
export interface Peer {
  readonly shim: Shim;
  open(options?: Partial<BigQueryWarehouseOptions>): Warehouse;
  stop(): Promise<void>;
}

export async function startPeer(): Promise<Peer> {
  const emulator = await startEmulator();
  const shim = await startShim(emulator);
  return {
    shim,
    open: (options = {}) =>
      createBigQueryWarehouse({ project: "test", apiEndpoint: shim.url, clock: systemClock, ...options }),
    async stop() {
      await shim.stop();
      await emulator.stop();
    },
  };
}

export const freshDataset = (): string => `d_${randomBytes(5).toString("hex")}`;
