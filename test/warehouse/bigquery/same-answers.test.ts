import { describe, vi } from "vitest";
import { sameAnswersAsDuckDb } from "../../contract/same-answers.ts";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { labsOnBigQuery } from "../../support/bigquery/lab.ts";

// The emulator needs seconds of CPU for a plan: histories are played by hand, with MILLRACE_HISTORIES=1.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });
const missing = emulatorMissing();

describe.skipIf(missing !== null)("on BigQuery", () => {
  if (missing === null)
    sameAnswersAsDuckDb({
      name: "BigQuery",
      labs: labsOnBigQuery,
      runs: 1,
      historiesByHand: "a history costs the BigQuery emulator minutes",
    });
});
