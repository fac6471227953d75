import { environmentKeys } from "./project-schema.ts";
import { child, overlay, type SourceMap, without } from "./source.ts";

/** millrace.yml as an environment sees it; without one, as it stands. Keys that no environment may set are left out: the schema reports them. */
export function withEnvironment(written: SourceMap, environment: SourceMap | undefined): SourceMap {
  const base = without(written, ["environments"]);
  if (environment === undefined) return base;
  const strange = [...environment.entries.keys()].filter((key) => !environmentKeys.some((known) => known === key));
  const laid = overlay(freeDbt(base, environment), without(environment, strange), ["type", "connector"]);
  return laid.kind === "map" ? laid : base;
}

/** `dbt.project` and `dbt.artifacts` exclude each other: an environment that names one does not mean the other as well. */
function freeDbt(base: SourceMap, environment: SourceMap): SourceMap {
  const entry = base.entries.get("dbt");
  const over = child(environment, "dbt");
  if (entry?.node.kind !== "map" || over?.kind !== "map") return base;
  if (!over.entries.has("project") && !over.entries.has("artifacts")) return base;
  const node = without(entry.node, ["project", "artifacts"]);
  return { ...base, entries: new Map([...base.entries, ["dbt", { key: entry.key, node }]]) };
}
