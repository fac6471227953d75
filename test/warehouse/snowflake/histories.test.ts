import { vi } from "vitest";
import { labsOnFakesnow, onFakesnow } from "../../support/snowflake/on-fakesnow.ts";

// Random histories of changes, plans and fates against the same reference that DuckDB is held to.
vi.setConfig({ testTimeout: 120_000 });
onFakesnow("on Snowflake", async () => {
  labsOnFakesnow();
  await import("../../plan/histories.property.test.ts");
});
