import type { LoadedDeclarations } from "../config/load-declared.ts";
import type { IdentityConfig } from "../core/identity.ts";
import { normalised } from "../identity/record-model.ts";

/** What is declared, with identity's own normalisers for the identifiers that lead to profiles: what is looked up must be written as it was stored. */
export function withIdentifiers(loaded: LoadedDeclarations, identity: IdentityConfig | null): LoadedDeclarations {
  if (identity === null) return loaded;
  const normalisers = new Map(identity.namespaces.map(({ name, normalise }) => [name, normalise]));
  const identifier = (namespace: string, column: string): string => {
    const normaliser = normalisers.get(namespace);
    return normaliser === undefined ? column : normalised(normaliser, column);
  };
  return { ...loaded, declarations: { ...loaded.declarations, identifier } };
}
