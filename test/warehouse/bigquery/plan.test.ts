import { describe, vi } from "vitest";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { labsOnBigQuery } from "../../support/bigquery/lab.ts";

const missing = emulatorMissing();
// A query costs the emulator 20 ms, a plan and its settling some 30 of them.
vi.setConfig({ testTimeout: 300_000 });

// The plan's own tests on the other engine.
if (missing === null) labsOnBigQuery();
describe.skipIf(missing !== null)("on BigQuery", async () => {
  if (missing !== null) return;
  await import("../../plan/plan.test.ts");
  await import("../../plan/identifiers.test.ts");
});
