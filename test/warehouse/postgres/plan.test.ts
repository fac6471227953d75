import { describe } from "vitest";
import { labsOnPostgres } from "../../support/postgres-lab.ts";

// The plan's own tests on the other engine. `values` and `engine-upgrade` are about DuckDB's types and its dialect.
labsOnPostgres();
describe("on Postgres", async () => {
  await import("../../plan/plan.test.ts");
  await import("../../plan/identifiers.test.ts");
  await import("../../plan/quarantine.test.ts");
});
