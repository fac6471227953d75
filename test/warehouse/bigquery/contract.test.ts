import { describe, vi } from "vitest";
import { raw } from "../../../src/warehouse/sql.ts";
import { warehouseContract } from "../../contract/warehouse.ts";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { freshDataset, startPeer } from "../../support/bigquery/peer.ts";
import { ENDLESS } from "../../support/bigquery/shim.ts";

vi.setConfig({ testTimeout: 180_000 });
const missing = emulatorMissing();

describe.skipIf(missing !== null)("BigQuery", () => {
  warehouseContract({
    name: "BigQuery",
    async open() {
      const peer = await startPeer();
      const warehouse = peer.open();
      const schema = freshDataset();
      await warehouse.session("write", (session) => session.execute([warehouse.dialect.createSchema(schema)]));
      return {
        warehouse,
        schema,
        async remove() {
          await warehouse.close();
          await peer.stop();
        },
      };
    },
    endless: raw(ENDLESS),
    slow: true,
    cannotName: /["';.]/,
    cannotLookFor: /["$]/,
    keepsWritesBack: true,
  });
});
