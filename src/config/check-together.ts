import { type CheckedSync, keysOf } from "./check-sync.ts";
import { error, type Fault, type Place } from "./fault.ts";
import { pick } from "./materialise.ts";
import { keyAt, type SourceMap } from "./source.ts";

/** Names, as the warehouse's tables bear them: `-` and `_` fall together there. */
const tableName = (sync: string): string => sync.replaceAll("-", "_");

/** Names of syncs are unique, in YAML and as tables, and no sync takes over the ledger of one that lives. */
export function nameFaults(syncs: readonly CheckedSync[]): Fault[] {
  const faults: Fault[] = [];
  const first = new Map<string, { readonly name: string; readonly place: Place }>();
  for (const { source } of syncs) {
    if (source.name === undefined) continue;
    const place = keyAt(source.root, ["sync"]);
    const taken = first.get(tableName(source.name));
    if (taken === undefined) {
      first.set(tableName(source.name), { name: source.name, place });
      continue;
    }
    const where = `${taken.place.file}:${taken.place.line}`;
    const message =
      taken.name === source.name
        ? `the sync "${source.name}" is there already, in ${where}`
        : `"${source.name}" and "${taken.name}" in ${where} would share their tables ledger__${tableName(source.name)}`;
    faults.push(error(place, message, "give one of them another name"));
  }
  for (const { source } of syncs) {
    const old = pick(source.made.data, ["renamed_from"]);
    const taken = typeof old === "string" ? first.get(tableName(old)) : undefined;
    if (taken === undefined) continue;
    const message = `"${taken.name}" still exists in ${taken.place.file}:${taken.place.line}, so its ledger cannot be taken over`;
    faults.push(error(keyAt(source.root, ["renamed_from"]), message, "leave renamed_from out, or remove the old sync"));
  }
  return faults;
}

/** Two syncs may not write one field of one object: each would undo the other, run by run. */
export function overlapFaults(syncs: readonly CheckedSync[], destinationKey: (account: string) => string): Fault[] {
  const faults: Fault[] = [];
  const writers = new Map<string, { readonly sync: string; readonly place: Place }>();
  for (const { source, destination } of syncs) {
    if (destination?.target.kind !== "records" || destination.options === undefined || source.name === undefined)
      continue;
    const { account, target, targetName, options } = destination;
    const object = target.object(options);
    for (const { field, place } of writtenFields(source.root, source.made.data)) {
      const id = [destinationKey(account), targetName, object, field].join("\n");
      const other = writers.get(id);
      if (other === undefined) {
        writers.set(id, { sync: source.name, place });
      } else if (other.sync !== source.name) {
        const message = `"${field}" of ${object} is written by the sync "${other.sync}" too, in ${other.place.file}:${other.place.line}`;
        faults.push(error(place, message, "let one sync write it"));
      }
    }
  }
  return faults;
}

function writtenFields(root: SourceMap, data: unknown): { readonly field: string; readonly place: Place }[] {
  if (pick(data, ["mode"]) === "remove") return [];
  const mapped = keysOf(pick(data, ["fields"])).map((field) => ({ field, place: keyAt(root, ["fields", field]) }));
  const set = keysOf(pick(data, ["when_removed", "set"])).map((field) => ({
    field,
    place: keyAt(root, ["when_removed", "set", field]),
  }));
  return [...mapped, ...set];
}
