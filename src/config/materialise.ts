import type { Env } from "./env.ts";
import { error, type Fault, type Place } from "./fault.ts";
import { interpolate } from "./interpolate.ts";
import { asSecretRef, type SecretRef } from "./secret.ts";
import type { SourceNode, SourcePath } from "./source.ts";

/** Plain data of a source tree, with what could not be filled in yet. */
export interface Materialised {
  readonly data: unknown;
  /** Variables that are unset and have no default; their text is left as `${NAME}`. */
  readonly missing: readonly { readonly name: string; readonly path: SourcePath; readonly place: Place }[];
  /** Secrets that are read on use; their value is still the reference. */
  readonly secrets: readonly { readonly ref: SecretRef; readonly path: SourcePath; readonly place: Place }[];
  /** Where a variable was filled in: such text may have been meant as a number. */
  readonly filled: readonly SourcePath[];
  readonly faults: readonly Fault[];
}

/** `secretRefs: "none"` where a mapping `{file: …}` is just a mapping. */
export function materialise(
  root: SourceNode,
  env: Env,
  options: { readonly secretRefs: "below-root" | "none" },
): Materialised {
  const found = { missing: [], secrets: [], filled: [], faults: [] } as {
    missing: Materialised["missing"][number][];
    secrets: Materialised["secrets"][number][];
    filled: SourcePath[];
    faults: Fault[];
  };

  const value = (node: SourceNode, path: SourcePath): unknown => {
    if (node.kind === "list") return node.items.map((item, i) => value(item, [...path, i]));
    if (node.kind === "scalar") return typeof node.value === "string" ? text(node.value, node.place, path) : node.value;
    const map: Record<string, unknown> = {};
    for (const [key, entry] of node.entries) map[key] = value(entry.node, [...path, key]);
    const ref = options.secretRefs === "below-root" && path.length > 0 ? asSecretRef(map) : undefined;
    if (ref !== undefined) found.secrets.push({ ref, path, place: node.place });
    return map;
  };

  const text = (written: string, place: Place, path: SourcePath): string => {
    const { text, missing, references, malformed } = interpolate(written, env);
    for (const name of missing) found.missing.push({ name, path, place });
    if (references) found.filled.push(path);
    if (malformed !== undefined) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the form a user writes.
      const mend = "write ${NAME} or ${NAME:-default} in letters, digits and _; a plain ${ is written $${";
      found.faults.push(error(place, `"${malformed}" is no variable`, mend));
    }
    return text;
  };

  const data = value(root, []);
  return { data, ...found };
}

/** Replaces the value at a path; the path exists. */
export function put(data: unknown, path: SourcePath, value: unknown): void {
  let at = data;
  for (const step of path.slice(0, -1)) at = (at as Record<PropertyKey, unknown>)[step];
  const last = path.at(-1);
  if (last !== undefined) (at as Record<PropertyKey, unknown>)[last] = value;
}

export function pick(data: unknown, path: SourcePath): unknown {
  let at = data;
  for (const step of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[step];
  }
  return at;
}
