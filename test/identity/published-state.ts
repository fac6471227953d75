import type { IdentityLab, LabRow } from "../support/identity-lab.ts";
import { assignment } from "./stitching.ts";

const least = (end: "a" | "b"): string => `${end}_namespace || ' ' || ${end}_value`;

const tables: Readonly<Record<string, string>> = {
  identifier: "select namespace, value, status, first_seen, last_seen, records from identifier",
  component: "select namespace, value, profile_id, quarantined from identity_component",
  profile: "select profile_id, status, quarantined, anchor_namespace, anchor_value from profile",
  alias: "select old_profile_id, profile_id from profile_alias",
  // which end stands first is the order of the dictionary's numbers, and those have none
  edge: `select least(${least("a")}, ${least("b")}) as one, greatest(${least("a")}, ${least("b")}) as other, rule, source, observations, confidence, status from identity_edge`,
  violation: "select guard, namespace, value, evidence from identity_violation",
  golden: "select profile_id, trait, value, rule, source, record_key, losing_values from profile_golden_provenance",
  lineage: "select run, profile_id, event, other_profile_id from profile_lineage",
};

/** What identity publishes, a sorted text per row; ids that are not among `before` are named by their least identifier. */
export async function publishedState(lab: IdentityLab, before: ReadonlySet<string>): Promise<Record<string, string[]>> {
  const names = new Map<string, string>();
  for (const [name, id] of [...(await assignment(lab))].sort()) {
    if (!names.has(id) && !before.has(id)) names.set(id, `new: ${name}`);
  }
  const named = (value: unknown): string => names.get(String(value)) ?? String(value);
  const state: Record<string, string[]> = {};
  for (const [table, query] of Object.entries(tables)) {
    state[table] = (await lab.sql(query)).map((row: LabRow) => Object.values(row).map(named).join(" ")).sort();
  }
  return state;
}
