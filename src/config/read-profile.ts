import type { RowSource } from "../core/declared.ts";
import type { RuleReading } from "./declared-names.ts";
import { error } from "./fault.ts";
import { meant } from "./nearest.ts";
import { keyAt, type SourcePath } from "./source.ts";

/** `{ namespace: column }`: the identifier that leads to the profile, of a namespace that identity.yml knows. */
export function readProfile(
  yaml: Readonly<Record<string, string>>,
  path: SourcePath,
  { root, names, faults }: RuleReading,
): RowSource["profile"] {
  const [[namespace, column] = ["", ""]] = Object.entries(yaml);
  const { namespaces } = names;
  if (namespaces !== null && namespace !== "" && !namespaces.has(namespace)) {
    const message = `identity.yml has no namespace "${namespace}"`;
    faults.push(error(keyAt(root, [...path, namespace]), message, meant(namespace, [...namespaces], "namespaces")));
  }
  return { namespace, column };
}
