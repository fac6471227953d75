import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { compiledFolder } from "../core/compiled.ts";
import type { CheckedSync } from "./check-sync.ts";
import { type DbtModels, isDbtThere, readDbtModels } from "./dbt-files.ts";
import { error, type Fault, warning } from "./fault.ts";
import type { LoadedDeclarations } from "./load-declared.ts";
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
  declared: LoadedDeclarations | undefined,
): Fault[] {
  const faults = scheduleFaults(root, syncs);
  if (dbt === undefined) return faults;
  if (!isDbtThere(dbt)) return [...faults, notThere(root, dbt)];
  const models = readDbtModels(dbt);
  const segments = new Set(declared?.declarations.segments.map(({ name }) => name));
  for (const sync of syncs) faults.push(...modelFaults(sync, models, segments));
  if (declared !== undefined) faults.push(...declaredModelFaults(declared, models));
  for (const file of models.modelFiles) faults.push(...clockFaults(projectDir, join(dbt.dir, file)));
  return faults;
}

/** The models that events, traits and segments read are there; and no model has the name of a compiled one. */
function declaredModelFaults({ models: named, declarations }: LoadedDeclarations, models: DbtModels): Fault[] {
  const own = new Set(declarations.segments.map(({ name }) => name));
  const faults = named.flatMap(({ model, place }) => {
    if (models.names.has(model) || own.has(model)) return [];
    if (!models.complete) {
      const mend = "run `millrace build` once, and dbt knows";
      return [warning(place, `there is no dbt model "${model}" in sight; a package may have it`, mend)];
    }
    const mend = meant(model, [...models.names], "models");
    // A slip of the pen is sure to be wrong; a model that is yet to be written is dbt's to miss.
    const tell = nearest(model, models.names) === undefined ? warning : error;
    return [tell(place, `there is no dbt model "${model}"`, mend)];
  });
  const byHand = new Map(
    models.modelFiles
      .filter((path) => !path.startsWith(`${compiledFolder}/`))
      .map((path) => [path.slice(path.lastIndexOf("/") + 1).replace(/\.sql$/, ""), path]),
  );
  for (const { name, by, origin } of declarations.segments) {
    const path = byHand.get(name);
    if (path === undefined || ("model" in by && by.model === name)) continue;
    const message = `${path} is a dbt model of this name already; dbt refuses two`;
    faults.push(warning({ ...origin, column: 1 }, message, "rename one of them, or remove the model"));
  }
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

function modelFaults({ source }: CheckedSync, models: DbtModels, segments: ReadonlySet<string>): Fault[] {
  for (const kind of ["model", "segment", "audience"] as const) {
    const name = pick(source.made.data, [kind]);
    if (typeof name !== "string" || name === "" || models.names.has(name)) continue;
    if (kind === "segment" && segments.has(name)) continue;
    const place = placeAt(source.root, [kind]);
    const message =
      kind === "model" ? `there is no dbt model "${name}"` : `there is no dbt model "${name}" for this ${kind}`;
    if (!models.complete) {
      return [warning(place, `${message} in sight; a package may have it`, "run `millrace build` once, and dbt knows")];
    }
    const known = kind === "segment" ? [...segments, ...models.names] : [...models.names];
    return [error(place, message, meant(name, known, kind === "segment" ? "segments and models" : "models"))];
  }
  return [];
}

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
