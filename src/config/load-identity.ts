import { join, posix } from "node:path";
import type { IdentityConfig } from "../core/identity.ts";
import type { Env } from "./env.ts";
import { error, type Fault, hasErrors } from "./fault.ts";
import { exists, readMapping } from "./files.ts";
import { identityRules } from "./identity-rules.ts";
import { identitySchema } from "./identity-schema.ts";
import { loadWeights } from "./load-weights.ts";
import { materialise } from "./materialise.ts";
import { normaliseIdentity } from "./normalise-identity.ts";
import type { SourceMap } from "./source.ts";
import { validate } from "./validate.ts";

export const identityFile = "identity.yml";

/** identity.yml as far as it could be read. */
export interface LoadedIdentity {
  readonly root: SourceMap | undefined;
  /** undefined: there is no such file, or it has faults. */
  readonly config: IdentityConfig | undefined;
  readonly faults: readonly Fault[];
}

/** Reads identity.yml of a project, if it has one. It stands on no variable that is unset: its SQL is compiled without them. */
export function loadIdentity(projectDir: string, variables: Env): LoadedIdentity {
  if (!exists(join(projectDir, identityFile))) return { root: undefined, config: undefined, faults: [] };
  const { root, faults: unreadable } = readMapping(projectDir, identityFile);
  if (root === undefined) return { root, config: undefined, faults: unreadable };
  const made = materialise(root, variables, { secretRefs: "none" });
  const unset = made.missing.map(({ name, place }) =>
    error(
      place,
      `the environment variable ${name} is not set`,
      "identity is compiled to SQL: set it, or write the value",
    ),
  );
  const { value, faults } = validate(identitySchema, root, made, () => true);
  const shape = [...unreadable, ...unset, ...faults];
  if (value === undefined || hasErrors(shape)) return { root, config: undefined, faults: shape };
  const config = normaliseIdentity(value.identity);
  const rules = identityRules(root, config);
  const weighed = weighedBy(projectDir, config, variables);
  const all = [...rules, ...weighed.faults];
  return { root, config: hasErrors(all) ? undefined : weighed.config, faults: [...shape, ...all] };
}

/** With the weights of the file that `matching:` names, if it is there. */
function weighedBy(projectDir: string, config: IdentityConfig, variables: Env) {
  const { matching } = config;
  if (matching === null || matching.weights === null) return { config, faults: [] };
  const file = posix.normalize(matching.weights);
  // `identity train` is yet to make it: an identity.yml may name it from the first day on.
  if (!exists(join(projectDir, file))) return { config, faults: [] };
  const { weights, faults } = loadWeights(projectDir, file, matching.weighing, variables);
  return { config: { ...config, matching: { ...matching, weighing: weights } }, faults };
}
