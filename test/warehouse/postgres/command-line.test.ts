import { describe, vi } from "vitest";
import { projectsOnPostgres } from "../../support/postgres-projects.ts";

// The command line's own tests, every verb, on the other engine.
projectsOnPostgres();
// Every step starts a process, here and in a server beside it.
vi.setConfig({ testTimeout: 120_000 });
describe("on Postgres", async () => {
  await import("../../e2e/run.test.ts");
  await import("../../e2e/decisions.test.ts");
  await import("../../e2e/modes.test.ts");
  await import("../../commands/statement-budget.test.ts");
});
