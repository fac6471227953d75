import { describe } from "vitest";
import { labsOnPostgres } from "../../support/postgres-lab.ts";

// Random histories of changes, plans and fates against the same reference that DuckDB is held to.
labsOnPostgres();
describe("on Postgres", async () => {
  await import("../../plan/histories.property.test.ts");
});
