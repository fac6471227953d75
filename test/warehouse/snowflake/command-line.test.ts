import { vi } from "vitest";
import { commandLine } from "../../contract/command-line.ts";
import { statementBudget } from "../../contract/statement-budget.ts";
import { onFakesnow } from "../../support/snowflake/on-fakesnow.ts";
import { projectsOnFakesnow } from "../../support/snowflake/projects.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });
onFakesnow("the command line on Snowflake", () => {
  projectsOnFakesnow();
  commandLine({ bytes: "free" });
  statementBudget({ rows: [3], ways: ["by match"], short: true });
});
