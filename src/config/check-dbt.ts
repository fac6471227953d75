import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { CheckedSync } from "./check-sync.ts";
import { type DbtModels, isDbtThere, readDbtModels } from "./dbt-files.ts";
import { error, type Fault, warning } from "./fault.ts";
import { exists } from "./files.ts";
import { pick } from "./materialise.ts";
import { meant, nearest } from "./nearest.ts";
import type { DbtConfig } from "./project-parts.ts";
import { child, keyAt, placeAt, type SourceMap } from "./source.ts";
import { clockUses } from "./sql-clock.ts";

/** The dbt project is where millrace.yml says, and has the models that the syncs name. `dbt` undefined: the project has none, or an unset variable hides it. */
export function dbtFaults(
  projectDir: string,
  root: SourceMap,
  dbt: DbtConfig | undefined,
  syncs: readonly CheckedSync[],
): Fault[] {
  const faults = scheduleFaults(root, syncs);
  if (dbt === undefined) return faults;
  if (!isDbtThere(dbt)) return [...faults, notThere(root, dbt)];
  const models = readDbtModels(dbt);
  for (const sync of syncs) faults.push(...modelFaults(projectDir, sync, models));
  for (const file of models.modelFiles) faults.push(...clockFaults(projectDir, join(dbt.dir, file)));
  return faults;
}

function scheduleFaults(root: SourceMap, syncs: readonly CheckedSync[]): Fault[] {
  const dbt = child(root, "dbt");
  if (child(dbt, "project") !== undefined) return [];
  return syncs.flatMap(({ source }) => {
    if (pick(source.made.data, ["schedule", "after"]) !== "build") return [];
    const place = keyAt(source.root, ["schedule", "after"]);
    if (dbt === undefined) {
      const mend = "add `dbt:` to millrace.yml, or schedule by `cron:` or `every:`";
      return error(place, "nothing is ever built here: the project has no dbt", mend);
    }
    const mend = "schedule by `cron:` or `every:`";
    return error(place, "nothing is built here: `dbt.artifacts` says that somebody else runs dbt", mend);
  });
}

function notThere(root: SourceMap, dbt: DbtConfig): Fault {
  if (dbt.kind === "project") {
    return error(
      placeAt(root, ["dbt", "project"]),
      "there is no dbt_project.yml in this folder",
      "name the folder of the dbt project",
    );
  }
  const mend = "run dbt there, or name its target folder";
  return warning(placeAt(root, ["dbt", "artifacts"]), "there is no manifest.json in this folder yet", mend);
}

function modelFaults(projectDir: string, { source }: CheckedSync, models: DbtModels): Fault[] {
  for (const kind of ["model", "segment", "audience"] as const) {
    const name = pick(source.made.data, [kind]);
    if (typeof name !== "string" || name === "" || models.names.has(name)) continue;
    const place = placeAt(source.root, [kind]);
    const message =
      kind === "model" ? `there is no dbt model "${name}"` : `there is no dbt model "${name}" for this ${kind}`;
    if (!models.complete) {
      return [warning(place, `${message} in sight; a package may have it`, "run `millrace build` once, and dbt knows")];
    }
    const rules = kind === "segment" && nearest(name, models.names) === undefined && hasRules(projectDir, name);
    const mend = rules
      ? `write the dbt model ${name}: this version does not compile rules`
      : meant(name, [...models.names], "models");
    return [error(place, message, mend)];
  }
  return [];
}

const hasRules = (projectDir: string, segment: string): boolean =>
  ["yml", "yaml"].some((ending) => exists(join(projectDir, "segments", `${segment}.${ending}`)));

function clockFaults(projectDir: string, path: string): Fault[] {
  const file = relative(projectDir, path).split(sep).join("/");
  return clockUses(readFileSync(path, "utf8")).map(({ line, column, word }) =>
    warning(
      { file, line, column },
      `${word} is another instant in every statement, and again when a run is resumed`,
      "write {{ millrace.as_of() }}",
    ),
  );
}
