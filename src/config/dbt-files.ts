import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { exists, filesBelow } from "./files.ts";
import type { DbtConfig } from "./project-parts.ts";
import { child, type SourceMap } from "./source.ts";
import { readYaml } from "./yaml.ts";

export interface DbtModels {
  /** Names of models, seeds and snapshots that manifest.json or the files show. */
  readonly names: ReadonlySet<string>;
  /** false: packages that are not installed yet may hold more. */
  readonly complete: boolean;
  /** SQL files of the project's own models, relative to the dbt project. */
  readonly modelFiles: readonly string[];
}

const projectFile = "dbt_project.yml";

/** Is there a dbt project, or are there artifacts, where millrace.yml says? */
export function isDbtThere(dbt: DbtConfig): boolean {
  return dbt.kind === "project" ? exists(join(dbt.dir, projectFile)) : exists(join(dbt.dir, "manifest.json"));
}

/**
 * What the file system shows of a dbt project, without running dbt.
 * A manifest may be older than the files and the files may lack what packages bring: a name that either shows, counts.
 */
export function readDbtModels(dbt: DbtConfig): DbtModels {
  if (dbt.kind === "artifacts") {
    const names = manifestNames(join(dbt.dir, "manifest.json"));
    return { names: new Set(names), complete: names !== undefined, modelFiles: [] };
  }
  const config = mappingOf(join(dbt.dir, projectFile));
  const modelPaths = paths(config, "model-paths", "models");
  const manifest = manifestNames(join(dbt.dir, single(config, "target-path") ?? "target", "manifest.json"));
  const installed = single(config, "packages-install-path") ?? "dbt_packages";
  const below = (folders: readonly string[], endings: readonly string[]) =>
    folders.flatMap((folder) => filesBelow(dbt.dir, folder, endings));
  const modelFiles = below(modelPaths, [".sql"]);
  const named = [
    ...modelFiles,
    ...below(modelPaths, [".py"]),
    ...below(paths(config, "seed-paths", "seeds"), [".csv"]),
    ...filesBelow(dbt.dir, installed, [".sql", ".csv"]).filter((path) => /\/(models|seeds)\//.test(path)),
  ];
  const names = new Set([...named.flatMap(namesOf), ...(manifest ?? [])]);
  for (const path of below(paths(config, "snapshot-paths", "snapshots"), [".sql", ".yml", ".yaml"])) {
    for (const name of snapshotNames(readFileSync(join(dbt.dir, path), "utf8"), path)) names.add(name);
  }
  const packages = ["packages.yml", "dependencies.yml"].some((file) => exists(join(dbt.dir, file)));
  const complete = manifest !== undefined || !packages || exists(join(dbt.dir, installed));
  return { names, complete, modelFiles };
}

const manifestSchema = z.object({
  nodes: z.record(z.string(), z.object({ resource_type: z.string(), name: z.string() })),
});

/** undefined: there is none, or none we can read. */
function manifestNames(path: string): string[] | undefined {
  if (!exists(path)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
  const manifest = manifestSchema.safeParse(parsed);
  if (!manifest.success) return undefined;
  return Object.values(manifest.data.nodes)
    .filter(({ resource_type }) => ["model", "seed", "snapshot"].includes(resource_type))
    .map(({ name }) => name);
}

/** `models/marts/vips.sql` is the model vips; `orders_v2.sql` may be version 2 of the model orders. */
function namesOf(path: string): string[] {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.[a-z]+$/, "");
  const unversioned = name.replace(/[._]v\d+$/, "");
  return unversioned === name ? [name] : [name, unversioned];
}

function snapshotNames(text: string, path: string): string[] {
  if (path.endsWith(".sql"))
    return [...text.matchAll(/\{%-?\s*snapshot\s+([\w$]+)/g)].flatMap(([, name]) => name ?? []);
  const snapshots = child(readYaml(text, path).root, "snapshots");
  if (snapshots?.kind !== "list") return [];
  return snapshots.items.flatMap((item) => {
    const name = child(item, "name");
    return name?.kind === "scalar" && typeof name.value === "string" ? name.value : [];
  });
}

function mappingOf(path: string): SourceMap | undefined {
  if (!exists(path)) return undefined;
  const { root } = readYaml(readFileSync(path, "utf8"), projectFile);
  return root?.kind === "map" ? root : undefined;
}

function paths(config: SourceMap | undefined, key: string, fallback: string): string[] {
  const list = child(config, key);
  if (list?.kind !== "list") return [fallback];
  return list.items.flatMap((item) => (item.kind === "scalar" ? item.text : []));
}

function single(config: SourceMap | undefined, key: string): string | undefined {
  const node = child(config, key);
  return node?.kind === "scalar" && node.text !== "" && !node.text.includes("{{") ? node.text : undefined;
}
