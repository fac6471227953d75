import { error, type Fault } from "./fault.ts";
import { listed, nearest } from "./nearest.ts";
import { child, keyAt, nodeAt, type SourceMap, type SourceNode } from "./source.ts";
import { sourceKinds, syncSchema } from "./sync-schema.ts";

/** What the keys of one sync must be beside each other. Reads the YAML, not the validated value, so that it speaks up beside other faults. */
export function syncRules(root: SourceMap): Fault[] {
  return [...oneSource(root), ...consent(root), ...removal(root), ...rounding(root)];
}

/** Is a key there that was probably meant as this one? Then its absence is told already. */
export function isMisspelt(root: SourceMap, key: string): boolean {
  return [...root.entries.keys()].some(
    (written) => !Object.hasOwn(syncSchema.shape, written) && nearest(written, [key]) === key,
  );
}

function oneSource(root: SourceMap): Fault[] {
  const given = sourceKinds.filter((kind) => root.entries.has(kind));
  if (given.length === 0 && sourceKinds.some((kind) => isMisspelt(root, kind))) return [];
  if (given.length === 0) {
    const mend = "add one of: model, segment, audience, table";
    return [error(root.place, "the sync does not say what it reads", mend)];
  }
  return given
    .slice(1)
    .map((kind) =>
      error(keyAt(root, [kind]), `a sync reads one thing, and this one names ${listed(given)}`, "keep one"),
    );
}

function consent(root: SourceMap): Fault[] {
  const node = child(root, "consent");
  if (node === undefined || text(node) === "none") return [];
  const mend = "write `consent: none`, or leave the key out";
  return [error(keyAt(root, ["consent"]), "consent gates come later; this version knows only none", mend)];
}

function removal(root: SourceMap): Fault[] {
  const mode = text(child(root, "mode"));
  if (!root.entries.has("when_removed") || mode === undefined || mode === "mirror") return [];
  const message = `only mirror removes what leaves the model; in mode ${mode} when_removed would do nothing`;
  return [error(keyAt(root, ["when_removed"]), message, "write `mode: mirror`, or leave when_removed out")];
}

function rounding(root: SourceMap): Fault[] {
  const fields = child(root, "fields");
  if (fields?.kind !== "map") return [];
  const faults: Fault[] = [];
  for (const name of fields.entries.keys()) {
    const type = text(nodeAt(fields, [name, "type"]));
    if (nodeAt(fields, [name, "round"]) === undefined || type === undefined || type === "number") continue;
    faults.push(
      error(keyAt(fields, [name, "round"]), `a field of type ${type} cannot be rounded`, "write `type: number`"),
    );
  }
  return faults;
}

function text(node: SourceNode | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}
