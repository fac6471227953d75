import { vi } from "vitest";
import { labsOnFakesnow, onFakesnow } from "../../support/snowflake/on-fakesnow.ts";

// Random histories of changes, plans and fates against the same reference that DuckDB is held to. fakesnow translates a plan
// in half a second, so few of them here; MILLRACE_HISTORIES=200 for a night.
vi.stubEnv("MILLRACE_HISTORIES", process.env.MILLRACE_HISTORIES ?? "4");
onFakesnow("on Snowflake", async () => {
  labsOnFakesnow();
  await import("../../plan/histories.property.test.ts");
});
