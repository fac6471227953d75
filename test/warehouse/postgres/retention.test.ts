import { describe } from "vitest";
import { labsOnPostgres } from "../../support/postgres-lab.ts";

labsOnPostgres();
describe("on Postgres", async () => {
  await import("../../settle/retention.test.ts");
});
