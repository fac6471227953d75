import { describe } from "vitest";
import { labsOnPostgres } from "../../support/postgres-lab.ts";

// The plan's own tests, every one, on the other engine.
labsOnPostgres();
describe("on Postgres", async () => {
  await import("../../plan/plan.test.ts");
});
