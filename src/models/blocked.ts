import { findModel, type Manifest, type ManifestNode, type RunResults } from "./artifacts.ts";

/** Why a model must not be synced: what went wrong in it, before it or in a test on either. */
export interface Blocked {
  readonly uniqueId: string;
  readonly name: string;
  readonly resourceType: string;
  /** As dbt says it: error, fail, skipped, … */
  readonly status: string;
  /** Path in the dbt project. */
  readonly file: string;
  /** dbt's own words, possibly with values of the warehouse: for the screen, not for storage. */
  readonly message: string | null;
}

const BLOCKING = new Set(["error", "runtime error", "fail", "partial success", "skipped"]);

/**
 * What of a dbt run keeps a model from being synced, or null. A warning does not; a cause comes before what was skipped for it.
 * Throws as `findModel` does.
 */
export function blockedBy(manifest: Manifest, run: RunResults, modelName: string): Blocked | null {
  const lineage = ancestors(manifest, findModel(manifest, modelName));
  let skipped: Blocked | null = null;
  for (const result of run.results) {
    if (!BLOCKING.has(result.status)) continue;
    const node = manifest.nodes.get(result.uniqueId);
    if (node === undefined || !concerns(node, lineage)) continue;
    const blocked = {
      uniqueId: node.unique_id,
      name: node.name,
      resourceType: node.resource_type,
      status: result.status,
      file: node.original_file_path,
      message: result.message,
    };
    if (result.status !== "skipped") return blocked;
    // A test is skipped because of something else, which is told by that.
    if (node.resource_type !== "test" && node.resource_type !== "unit_test") skipped ??= blocked;
  }
  return skipped;
}

function ancestors(manifest: Manifest, model: ManifestNode): ReadonlySet<string> {
  const seen = new Set([model.unique_id]);
  for (const id of seen) {
    for (const parent of manifest.nodes.get(id)?.depends_on?.nodes ?? []) seen.add(parent);
  }
  return seen;
}

/** A generic test speaks about the model it is attached to, whatever else it reads; any other about all that it reads. */
function concerns(node: ManifestNode, lineage: ReadonlySet<string>): boolean {
  if (node.resource_type !== "test") return lineage.has(node.unique_id);
  if (node.attached_node != null) return lineage.has(node.attached_node);
  return (node.depends_on?.nodes ?? []).some((id) => lineage.has(id));
}
