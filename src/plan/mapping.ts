import { createHash } from "node:crypto";
import type { FieldRule, SyncConfig } from "../core/sync.ts";
import type { Value } from "../core/value.ts";

/**
 * The mapping in a form that is equal exactly when the payloads it makes are: names sorted, defaults spelled out.
 * Kept with the ledger, because its fingerprints hold only for this mapping.
 */
export function canonicalMapping(sync: SyncConfig): string {
  const fields = Object.entries(sync.fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(fields.map(([name, rule]) => [name, canonicalRule(rule)])));
}

function canonicalRule(rule: FieldRule): Value {
  const options = { ...(rule.nulls === "skip" && { nulls: "skip" }), ...(rule.onlyIfEmpty && { only_if_empty: true }) };
  const { source } = rule;
  if (source.from === "value") return { value: source.value, ...options };
  if (source.from === "template") {
    const text = source.parts.map((part) => ("text" in part ? part.text : `{{ ${part.column} }}`)).join("");
    return { template: text, ...options };
  }
  return {
    column: source.column,
    ...(source.type !== undefined && { type: source.type }),
    ...(source.round !== undefined && { round: source.round }),
    ...options,
  };
}

/** Sets fingerprints of one mapping apart from those of another. */
export const mappingSalt = (canonical: string): string =>
  createHash("sha256").update(canonical).digest("hex").slice(0, 16);

/** Sentences such as `1 field added (Tier__c)`; empty when both mappings are the same. */
export function mappingChanges(before: string, after: string): string[] {
  if (before === after) return [];
  const old = JSON.parse(before) as Record<string, Value>;
  const now = JSON.parse(after) as Record<string, Value>;
  const added = Object.keys(now).filter((name) => !(name in old));
  const removed = Object.keys(old).filter((name) => !(name in now));
  const changed = Object.keys(now).filter(
    (name) => name in old && JSON.stringify(old[name]) !== JSON.stringify(now[name]),
  );
  const sentence = (names: readonly string[], what: string): string[] =>
    names.length === 0 ? [] : [`${names.length} field${names.length === 1 ? "" : "s"} ${what} (${names.join(", ")})`];
  return [...sentence(added, "added"), ...sentence(removed, "removed"), ...sentence(changed, "changed")];
}
