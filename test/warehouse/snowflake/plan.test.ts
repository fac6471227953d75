import { vi } from "vitest";
import { labsOnFakesnow, onFakesnowAtLength } from "../../support/snowflake/on-fakesnow.ts";

// The plan's own tests on the other engine. `values` and `engine-upgrade` are about DuckDB's types and its dialect.
vi.setConfig({ testTimeout: 60_000 });
onFakesnowAtLength("on Snowflake", async () => {
  labsOnFakesnow();
  await import("../../plan/plan.test.ts");
  await import("../../plan/identifiers.test.ts");
});
