import { describe, it, vi } from "vitest";
import { renamesAfterAKill } from "../../contract/cut-rename.ts";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { labsOnBigQuery } from "../../support/bigquery/lab.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });
const missing = emulatorMissing();

// DDL commits by itself here. After the ledger, and before the binding; each takes the emulator a quarter of a minute of CPU.
const cuts = process.env.MILLRACE_LONG_TESTS === undefined ? [2] : [2, 7];
if (missing !== null) it("renames on BigQuery", (context) => context.skip(missing));
else
  describe("on BigQuery", () => {
    labsOnBigQuery();
    renamesAfterAKill(cuts);
  });
