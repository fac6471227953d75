import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { meant } from "../config/nearest.ts";
import { ConfigError, DbtFailed, RelationMissing } from "../core/errors.ts";
import type { Relation } from "../core/relation.ts";

/**
 * What is read of manifest.json (v12): https://schemas.getdbt.com/dbt/manifest/v12.json
 * Everything that some kind of node may lack is optional.
 */
const manifestNode = z.object({
  unique_id: z.string(),
  name: z.string(),
  resource_type: z.string(),
  package_name: z.string(),
  database: z.string().nullish(),
  schema: z.string().nullish(),
  alias: z.string().nullish(),
  original_file_path: z.string(),
  description: z.string().optional(),
  columns: z.record(z.string(), z.object({ name: z.string(), description: z.string().optional() })).optional(),
  depends_on: z.object({ nodes: z.array(z.string()).optional() }).optional(),
  attached_node: z.string().nullish(),
  config: z.object({ materialized: z.string().nullish(), severity: z.string().nullish() }).optional(),
  version: z.union([z.string(), z.number()]).nullish(),
  latest_version: z.union([z.string(), z.number()]).nullish(),
});

const manifestFile = z.object({
  metadata: z.object({
    dbt_version: z.string(),
    adapter_type: z.string().nullish(),
    project_name: z.string().nullish(),
  }),
  nodes: z.record(z.string(), manifestNode),
});

/** What is read of run_results.json (v6): https://schemas.getdbt.com/dbt/run-results/v6.json */
const runResultsFile = z.object({
  metadata: z.object({ generated_at: z.string() }),
  results: z.array(
    z.object({
      unique_id: z.string(),
      status: z.string(),
      message: z.string().nullish(),
      execution_time: z.number().catch(0),
    }),
  ),
});

export type ManifestNode = z.output<typeof manifestNode>;

export interface Manifest {
  readonly projectName: string | null;
  /** dbt's name of the engine, e.g. "duckdb". */
  readonly adapter: string | null;
  readonly nodes: ReadonlyMap<string, ManifestNode>;
  /** Models, seeds and snapshots by name. */
  readonly relations: ReadonlyMap<string, readonly ManifestNode[]>;
}

/** The fate of one node of a dbt run. */
export interface NodeResult {
  readonly uniqueId: string;
  /** As dbt says it: success, error, skipped, pass, fail, warn, … */
  readonly status: string;
  /** dbt's own words; they may quote values of the warehouse. */
  readonly message: string | null;
  readonly seconds: number;
}

export interface RunResults {
  readonly generatedAt: Date;
  readonly results: readonly NodeResult[];
}

const RELATION_TYPES = new Set(["model", "seed", "snapshot"]);

/** Reads `manifest.json` of a target folder, 1,000 models in some 0.1 s. Throws DbtFailed if it is missing or unreadable. */
export async function readManifest(targetDir: string): Promise<Manifest> {
  const file = await readArtifact(targetDir, "manifest.json", manifestFile);
  const relations = new Map<string, ManifestNode[]>();
  for (const node of Object.values(file.nodes)) {
    if (!RELATION_TYPES.has(node.resource_type)) continue;
    const same = relations.get(node.name);
    if (same === undefined) relations.set(node.name, [node]);
    else same.push(node);
  }
  return {
    projectName: file.metadata.project_name ?? null,
    adapter: file.metadata.adapter_type ?? null,
    nodes: new Map(Object.entries(file.nodes)),
    relations,
  };
}

/** Reads `run_results.json` of a target folder. Throws DbtFailed if it is missing or unreadable. */
export async function readRunResults(targetDir: string): Promise<RunResults> {
  const file = await readArtifact(targetDir, "run_results.json", runResultsFile);
  const results = file.results.map((result) => ({
    uniqueId: result.unique_id,
    status: result.status,
    message: result.message ?? null,
    seconds: result.execution_time,
  }));
  return { generatedAt: new Date(file.metadata.generated_at), results };
}

async function readArtifact<T>(targetDir: string, name: string, schema: z.ZodType<T>): Promise<T> {
  const path = join(targetDir, name);
  const hint = "run `millrace build`, or let `dbt: {artifacts: …}` name the target folder of a dbt that has run";
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new DbtFailed(`${path} cannot be read`, { hint, cause });
  });
  const read = schema.safeParse(parseJson(text));
  if (!read.success)
    throw new DbtFailed(`${path} is no artifact of dbt 1.11: ${z.prettifyError(read.error)}`, { hint });
  return read.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * The model, seed or snapshot of that name; `package.name` where two packages have one. The project's own comes before a
 * package's, a model's latest version before the others. Throws RelationMissing, or ConfigError if the name is ambiguous.
 */
export function findModel(manifest: Manifest, name: string): ManifestNode {
  const [packageName, bare] = splitName(name);
  const all = (manifest.relations.get(name) ?? manifest.relations.get(bare) ?? []).filter(
    (node) => packageName === null || node.name === name || node.package_name === packageName,
  );
  const own = all.filter((node) => node.package_name === manifest.projectName);
  const candidates = own.length > 0 ? own : all;
  const latest = candidates.filter((node) => node.version == null || node.version === node.latest_version);
  const found = latest.length > 0 ? latest : candidates;
  const [node, another] = found;
  if (node === undefined) {
    throw new RelationMissing(`dbt has no model "${name}"`, {
      hint: meant(name, [...manifest.relations.keys()], "models"),
    });
  }
  if (another !== undefined) {
    const names = found.map((each) => `${each.package_name}.${each.name}`).join(", ");
    throw new ConfigError(`"${name}" is ambiguous: ${names}`, {
      hint: "write the package's name before it, as listed",
    });
  }
  return node;
}

function splitName(name: string): readonly [packageName: string | null, bare: string] {
  const dot = name.indexOf(".");
  return dot < 0 ? [null, name] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** Where a model is in the warehouse. Throws as `findModel` does, and RelationMissing for an ephemeral model, which is nowhere. */
export function relationOf(manifest: Manifest, name: string): Relation {
  const node = findModel(manifest, name);
  if (node.config?.materialized === "ephemeral" || node.schema == null) {
    throw new RelationMissing(`the model "${name}" is ephemeral: it is not in the warehouse`, {
      hint: `give it materialized: view or table (${node.original_file_path})`,
    });
  }
  const relation = { schema: node.schema, name: node.alias ?? node.name };
  return node.database == null ? relation : { database: node.database, ...relation };
}

/** dbt's selection of models, by name, with everything they are made from. */
export function selectionFor(modelNames: Iterable<string>): string[] {
  const names = [...modelNames].map((name) => splitName(name)[1]);
  return [...new Set(names)].sort().map((name) => `+${name}`);
}
