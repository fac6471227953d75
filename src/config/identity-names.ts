import { join } from "node:path";
import { exists, readMapping } from "./files.ts";
import { identityFile } from "./load-identity.ts";
import { child } from "./source.ts";

/** What identity.yml gives events, traits and segments to name. */
export interface IdentityNames {
  /** Columns of the golden record: each namespace's best value and each observed trait. */
  readonly columns: readonly string[];
  /** null: none could be read. */
  readonly namespaces: ReadonlySet<string> | null;
}

/** null: the project has no identity.yml. One with faults tells what it can. */
export function identityNames(projectDir: string): IdentityNames | null {
  if (!exists(join(projectDir, identityFile))) return null;
  const { root } = readMapping(projectDir, identityFile);
  const identity = child(root, "identity");
  const namespaces = mapKeys(child(identity, "namespaces"));
  const found = new Set<string>(namespaces);
  const sources = child(identity, "sources");
  for (const source of mapKeys(sources)) {
    for (const trait of mapKeys(child(child(sources, source), "traits"))) found.add(trait);
  }
  return { columns: [...found], namespaces: namespaces.length === 0 ? null : new Set(namespaces) };
}

const mapKeys = (node: ReturnType<typeof child>): string[] => (node?.kind === "map" ? [...node.entries.keys()] : []);
