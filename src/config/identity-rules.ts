import { type IdentityConfig, identityTraits, namespaceColumns } from "../core/identity.ts";
import { error, type Fault, type Place } from "./fault.ts";
import { meant } from "./nearest.ts";
import { keyAt, nodeAt, placeAt, type SourceMap } from "./source.ts";

/**
 * Columns beside a namespace's in `identity_record`, in the readings that are kept of it and in `profile_golden`; and names that
 * identity.yml or the dictionary use for something else.
 */
const taken = new Set([
  "source",
  "record_key",
  "seen_at",
  "from_future",
  "reading_fp",
  "reading_known",
  "bare",
  "from_run",
  "to_run",
  "profile_id",
  "at",
  "record",
  "any",
]);

/** What a source's rows are given beside its declared columns while they are read (`identity_due`). */
const besideColumns = new Set(["reading_key", "reading_fp", "reading_kept"]);

/** Models that identity makes: none of them can be a source of it. */
export const identityModels: ReadonlySet<string> = new Set([
  "identity_record",
  "identity_resolution",
  "identity_match_record",
  "identity_match_pair",
  "identity_match_score",
  "identity_match_histogram",
  "identity_match_rate",
  "identity_match_edge",
  "identity_match_random",
  "identity_golden",
  "identity_published",
  "identity_component",
  "identity_edge",
  "identity_violation",
  "identifier",
  "identifier_profile_history",
  "profile",
  "profile_alias",
  "profile_change",
  "profile_lineage",
  "profile_golden",
  "profile_golden_provenance",
]);

/** What the parts of identity.yml must be beside each other. */
export function identityRules(root: SourceMap, config: IdentityConfig): Fault[] {
  const at = (...path: string[]): Place => placeAt(root, ["identity", ...path]);
  const key = (...path: string[]): Place => keyAt(root, ["identity", ...path]);
  const names = config.namespaces.map(({ name }) => name);
  const traits = identityTraits(config);
  const faults: Fault[] = [];

  const known = (place: Place, name: string, all: readonly string[], what: string) => {
    if (!all.includes(name)) faults.push(error(place, `there is no ${what} "${name}"`, meant(name, all, `${what}s`)));
  };

  const columns = new Map<string, string>();
  for (const { name, limits } of config.namespaces) {
    const place = key("namespaces", name);
    if (taken.has(name)) {
      const mend = `name the namespace otherwise, say ${name}_id`;
      faults.push(error(place, `"${name}" has a meaning of its own`, mend));
    }
    if (name.startsWith("trait_"))
      faults.push(error(place, `"${name}" would be taken for a trait's column`, "name the namespace without trait_"));
    for (const column of namespaceColumns(config, name)) {
      const other = columns.get(column);
      if (other !== undefined)
        faults.push(error(place, `"${name}" and "${other}" would share the column ${column}`, "rename one of them"));
      columns.set(column, name);
    }
    for (const limit of limits) {
      const where = key("namespaces", name, "limit", limit.namespace);
      known(where, limit.namespace, names, "namespace");
      if (limit.namespace === name)
        faults.push(error(where, `"${name}" cannot be limited by itself`, "name another namespace"));
    }
  }
  for (const { name, key: keyColumn, at: atColumn, identifiers, traits: own } of config.sources) {
    const source = (...path: string[]) => key("sources", name, ...path);
    const said = (kind: string) => nodeAt(root, ["identity", "sources", name, kind]) !== undefined;
    if (said("model") === said("table"))
      faults.push(error(source(), "a source reads one thing", "give it either `model:` or `table:`"));
    if (Object.keys(identifiers).length + Object.keys(own).length === 0)
      faults.push(error(source(), "the source has neither identifiers nor traits", "say which columns are which"));
    for (const namespace of Object.keys(identifiers))
      known(source("identifiers", namespace), namespace, names, "namespace");
    for (const column of [keyColumn, atColumn, ...Object.values(identifiers).flat(), ...Object.values(own)])
      if (column !== null && besideColumns.has(column.toLowerCase()))
        faults.push(
          error(
            source(),
            `the column ${column} would be taken for one of Millrace's own`,
            "give it another name in a dbt model before it",
          ),
        );
    if (Object.hasOwn(own, "profile_id"))
      faults.push(
        error(source("traits", "profile_id"), "profile_id is the profile itself", "name the trait otherwise"),
      );
  }
  for (const { relation, name } of config.sources) {
    if (relation.kind !== "model" || !identityModels.has(relation.name)) continue;
    const message = `"${relation.name}" is made from this source: a circle`;
    faults.push(error(at("sources", name, "model"), message, "name a model that knows nothing of identity"));
  }
  for (const { namespace, patterns } of config.blocked) {
    if (namespace !== null) known(key("blocked", namespace), namespace, [...names, "any"], "namespace");
    for (const [i, pattern] of patterns.entries()) {
      if (isPattern(pattern)) continue;
      const place = at("blocked", namespace ?? "any", "patterns", String(i));
      faults.push(error(place, `"${pattern}" is no regular expression`, "mend it; no look-around, no back references"));
    }
  }
  for (const { name, bundle } of config.survivorship) {
    const place = key("survivorship", name);
    // A namespace has a column of the golden record too.
    if (bundle.length === 0 && name !== "default") known(place, name, [...traits, ...names], "trait");
    for (const trait of bundle) known(at("survivorship", name, "bundle"), trait, traits, "trait");
  }
  for (const { trait } of config.matching?.compare ?? [])
    known(key("matching", "compare", trait), trait, traits, "trait");
  for (const [i, rule] of (config.matching?.blockOn ?? []).entries())
    for (const trait of rule) known(at("matching", "block_on", String(i)), trait, traits, "trait");
  return faults;
}

/** Engines differ in what they know beyond this: look-around and back references are in some of them only. */
function isPattern(pattern: string): boolean {
  if (/\(\?[=!<]|\\[1-9]/.test(pattern)) return false;
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}
