import { isDbtThere, readDbtModels } from "./dbt-files.ts";
import { error, type Fault, warning } from "./fault.ts";
import type { LoadedIdentity } from "./load-identity.ts";
import { meant } from "./nearest.ts";
import type { DbtConfig } from "./project-parts.ts";
import { placeAt } from "./source.ts";

/** The models that identity reads are in the dbt project. `dbt` undefined: the project has none, or an unset variable hides it. */
export function identityFaults({ root, config }: LoadedIdentity, dbt: DbtConfig | undefined): Fault[] {
  if (root === undefined || config === undefined || dbt === undefined || !isDbtThere(dbt)) return [];
  const models = readDbtModels(dbt);
  const faults: Fault[] = [];
  for (const { name, relation } of config.sources) {
    if (relation.kind !== "model" || models.names.has(relation.name)) continue;
    const place = placeAt(root, ["identity", "sources", name, "model"]);
    const message = `there is no dbt model "${relation.name}"`;
    faults.push(
      models.complete
        ? error(place, message, meant(relation.name, [...models.names], "models"))
        : warning(place, `${message} in sight; a package may have it`, "run `millrace build` once, and dbt knows"),
    );
  }
  return faults;
}
