import { describe, vi } from "vitest";
import { commandLine } from "../../contract/command-line.ts";
import { statementBudget } from "../../contract/statement-budget.ts";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { projectsOnBigQuery } from "../../support/bigquery/projects.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });
const missing = emulatorMissing();

describe.skipIf(missing !== null)("the command line on BigQuery", () => {
  projectsOnBigQuery();
  commandLine({ bytes: "billed" });
  statementBudget({ rows: [3], ways: ["by match"], short: true });
});
