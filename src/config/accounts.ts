import type { ConnectorRules, Connectors } from "./connector-rules.ts";
import type { Place } from "./fault.ts";
import { absolutePaths, secretValues } from "./marked-values.ts";
import { meant } from "./nearest.ts";
import { noSuch, type Resolving, resolvePart } from "./resolve.ts";
import { child, type SourceMap, without } from "./source.ts";

export interface AccountSource {
  readonly name: string;
  readonly connector: string;
  /** Where its name stands. */
  readonly place: Place;
  readonly node: SourceMap;
}

export interface ResolvedAccount<C extends ConnectorRules = ConnectorRules> {
  readonly name: string;
  readonly connector: C;
  /** As the connector's own schema gave it. */
  readonly account: unknown;
  /** Texts that must be blanked wherever they would appear. */
  readonly secrets: readonly string[];
}

export interface AccountOptions {
  /** Keys laid over the account's own, e.g. the sandbox's base_url. */
  readonly replace?: Readonly<Record<string, string>>;
  /** What an unset variable and a secret kept elsewhere become, e.g. the sandbox's stand-in credential; left out, EnvMissing. */
  readonly unset?: string;
}

/** The accounts of millrace.yml that name a connector. */
export function accountsOf(root: SourceMap): AccountSource[] {
  const accounts = child(root, "accounts");
  if (accounts?.kind !== "map") return [];
  return [...accounts.entries].flatMap(([name, { key, node }]) => {
    const connector = child(node, "connector");
    if (node.kind !== "map" || connector?.kind !== "scalar" || typeof connector.value !== "string") return [];
    return { name, connector: connector.value, place: key, node };
  });
}

export const connectorNamed = <C extends ConnectorRules>(connectors: Connectors<C>, id: string): C | undefined =>
  Object.hasOwn(connectors, id) ? connectors[id] : undefined;

/** An account to be used now. Throws ConfigError if it or its connector is unknown or faulty, EnvMissing if a variable is unset. */
export async function resolveAccount<C extends ConnectorRules>(
  accounts: readonly AccountSource[],
  name: string,
  connectors: Connectors<C>,
  resolving: Resolving,
  { replace = {}, unset }: AccountOptions,
): Promise<ResolvedAccount<C>> {
  const found = accounts.find((account) => account.name === name);
  if (found === undefined) {
    const names = accounts.map((account) => account.name);
    throw noSuch("account", name, meant(name, names, "accounts"));
  }
  const connector = connectorNamed(connectors, found.connector);
  if (connector === undefined) {
    throw noSuch("connector", found.connector, meant(found.connector, Object.keys(connectors), "connectors"));
  }
  const { dir, env } = resolving;
  const variables = unset === undefined ? env : { get: (variable: string) => env.get(variable) ?? unset };
  const node = replacing(without(found.node, ["connector"], found.place), replace);
  const { value, secrets } = await resolvePart(node, connector.account, { dir, env: variables, standIn: unset });
  return {
    name,
    connector,
    account: absolutePaths(value, connector.account, dir),
    secrets: [...new Set([...secrets, ...secretValues(value, connector.account)])],
  };
}

function replacing(node: SourceMap, replace: Readonly<Record<string, string>>): SourceMap {
  const entries = new Map(node.entries);
  for (const [key, value] of Object.entries(replace)) {
    entries.set(key, { key: node.place, node: { kind: "scalar", place: node.place, value, text: value } });
  }
  return { ...node, entries };
}
