import { accountsOf } from "./accounts.ts";
import { accountFaults, destinationKey } from "./check-accounts.ts";
import { dbtFaults } from "./check-dbt.ts";
import { identityFaults } from "./check-identity.ts";
import { type CheckedSync, checkSync } from "./check-sync.ts";
import { nameFaults, overlapFaults } from "./check-together.ts";
import type { ConnectorRules } from "./connector-rules.ts";
import type { Env } from "./env.ts";
import { type Fault, inOrder } from "./fault.ts";
import { materialise } from "./materialise.ts";
import {
  type Loaded,
  type LoadOptions,
  loadProject,
  type Project,
  type ProjectSources,
  requireProject,
} from "./project.ts";
import { type DbtConfig, dbtConfig } from "./project-parts.ts";
import { dbtSchema } from "./project-schema.ts";
import { child } from "./source.ts";
import { validate } from "./validate.ts";

/** Reads and validates every file of a project, and holds them against each other, the connectors and the dbt files. Never connects. */
export function checkProject<C extends ConnectorRules>(options: LoadOptions<C>): Loaded<C> {
  const loaded = loadProject(options);
  if (loaded.sources === undefined) return loaded;
  const { sources } = loaded;
  const syncs = checkedSyncs(sources, options);
  const declared = loaded.project?.declared();
  const faults = [
    ...loaded.faults,
    ...togetherFaults(sources, options, syncs),
    ...(declared?.faults ?? []),
    ...dbtFaults(sources.dir, sources.root, visibleDbt(sources), syncs, declared),
    ...identityFaults(sources.identity, visibleDbt(sources)),
  ];
  return { ...loaded, faults: inOrder(faults) };
}

/** `millrace check`: the faults of `checkProject`. */
export const check = <C extends ConnectorRules>(options: LoadOptions<C>): readonly Fault[] =>
  checkProject(options).faults;

/**
 * The project for a verb that is about to use it. Throws one ConfigError (exit 2) with every error of its files.
 * Says nothing about models: whether they exist, the warehouse knows.
 */
export function openProject<C extends ConnectorRules>(options: LoadOptions<C>): Project<C> {
  const { project, faults, sources } = loadProject(options);
  if (sources === undefined) return requireProject({ project, faults });
  const together = togetherFaults(sources, options, checkedSyncs(sources, options));
  return requireProject({ project, faults: inOrder([...faults, ...together]) });
}

function checkedSyncs({ root, variables, syncs }: ProjectSources, { connectors }: LoadOptions): CheckedSync[] {
  const accounts = accountsOf(root);
  return syncs.map((source) => checkSync(source, accounts, connectors, variables));
}

function togetherFaults(
  { root, variables }: ProjectSources,
  { connectors }: LoadOptions,
  syncs: readonly CheckedSync[],
): Fault[] {
  const keys = new Map<string, string>();
  const keyOf = (account: string): string => {
    const key = keys.get(account) ?? destinationKey(account, root, connectors, variables);
    keys.set(account, key);
    return key;
  };
  return [
    ...accountFaults(root, connectors, variables),
    ...syncs.flatMap(({ faults }) => faults),
    ...nameFaults(syncs),
    ...overlapFaults(syncs, keyOf),
  ];
}

/** dbt's folder, where its part of the file is sound and no unset variable hides it. */
function visibleDbt({
  root,
  dir,
  variables,
}: {
  readonly root: ProjectSources["root"];
  readonly dir: string;
  readonly variables: Env;
}): DbtConfig | undefined {
  const node = child(root, "dbt");
  if (node === undefined) return undefined;
  const made = materialise(node, variables, { secretRefs: "none" });
  const { value } = validate(dbtSchema, node, made, () => true);
  return value === undefined || made.missing.length > 0 ? undefined : dbtConfig(value, dir);
}
