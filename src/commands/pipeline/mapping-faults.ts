import { meant } from "../../config/nearest.ts";
import type { SyncConfig } from "../../core/sync.ts";
import type { DiscoveredField, Target } from "../../destinations/connector.ts";

/** What a sync's mapping has against the fields that the platform says it has; each names the sync's file and line. */
export function mappingFaults(sync: SyncConfig, target: Target, fields: readonly DiscoveredField[]): string[] {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const names = [...byName.keys()];
  const removal = sync.whenRemoved === undefined || sync.whenRemoved === "delete" ? {} : sync.whenRemoved.set;
  const constants = new Map(
    Object.entries(sync.fields).flatMap(([name, { source }]) =>
      source.from === "value" ? [[name, source.value] as const] : [],
    ),
  );
  const faults: string[] = [];
  for (const name of new Set([...Object.keys(sync.match), ...Object.keys(sync.fields), ...Object.keys(removal)])) {
    const field = byName.get(name);
    if (field === undefined) {
      const declared = name in target.fields.known || target.identifiers.includes(name);
      if (target.discoversAll === true && !declared) {
        faults.push(`the destination has no field ${name}: ${meant(name, names, "fields")}`);
      }
      continue;
    }
    if (!field.writable && (name in sync.fields || name in removal)) {
      faults.push(`${name} cannot be written: the destination computes it`);
    }
    for (const value of [constants.get(name), removal[name]]) {
      if (field.values === undefined || value === undefined || value === null) continue;
      if (!field.values.includes(String(value))) {
        faults.push(`${name} does not take this value: ${meant(String(value), field.values, "values")}`);
      }
    }
  }
  if (sync.mode === "mirror" || sync.mode === "upsert" || sync.mode === "insert") {
    const mapped = new Set([...Object.keys(sync.match), ...Object.keys(sync.fields)]);
    for (const { name, required } of fields) {
      if (required && !mapped.has(name)) faults.push(`${name} is required to create a record, and is not mapped`);
    }
  }
  const { file, line } = sync.origin;
  return faults.map((fault) => `${file}:${line}: ${fault}`);
}
