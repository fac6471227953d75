import { resolve } from "node:path";
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { IdentityConfig } from "../core/identity.ts";
import { rowRoomOf } from "../core/row-room.ts";
import type { SyncConfig } from "../core/sync.ts";
import { type AccountOptions, accountsOf, type ResolvedAccount, resolveAccount } from "./accounts.ts";
import type { ConnectorRules, Connectors } from "./connector-rules.ts";
import { durationMs } from "./duration.ts";
import { type Env, readEnv } from "./env.ts";
import { withEnvironment } from "./environment.ts";
import { error, type Fault, faultsError, hasErrors, inOrder, type Place, warning } from "./fault.ts";
import { exists, projectFile, readMapping } from "./files.ts";
import { type LoadedDeclarations, loadDeclarations } from "./load-declared.ts";
import { type LoadedIdentity, loadIdentity } from "./load-identity.ts";
import { loadSyncs, type SyncSource } from "./load-syncs.ts";
import { materialise } from "./materialise.ts";
import { meant } from "./nearest.ts";
import { builtInDefaults, type Defaults, mergeDefaults } from "./normalise.ts";
import {
  type DbtConfig,
  dbtConfig,
  defaultStore,
  type Retention,
  retentionDays,
  type StoreLocation,
  storeLocation,
  type WarehouseConfig,
  warehouseConfig,
} from "./project-parts.ts";
import { dbtSchema, projectSchema, storeSchema, warehouseSchema } from "./project-schema.ts";
import { noSuch, requireEnv, resolveNow, resolvePart } from "./resolve.ts";
import { child, keyAt, type SourceMap, type SourceNode, type SourcePath, without } from "./source.ts";
import { enginesOf } from "./trait-columns.ts";
import { validate } from "./validate.ts";

export interface LoadOptions<C extends ConnectorRules = ConnectorRules> {
  /** The folder of millrace.yml. */
  readonly dir: string;
  /** A name of `environments:`; undefined: the project as it stands. */
  readonly env: string | undefined;
  readonly connectors: Connectors<C>;
  /** Variables; the process's own and those of `.env` if left out. */
  readonly variables?: Env;
}

/** A project's files, read and validated. Nothing has been connected to; variables and secrets are filled in on use. */
export interface Project<C extends ConnectorRules = ConnectorRules> {
  readonly name: string;
  /** Absolute. */
  readonly dir: string;
  readonly env: string | undefined;
  readonly accounts: readonly { readonly name: string; readonly connector: string; readonly place: Place }[];
  /** Those without faults, in the order of their files. */
  readonly syncs: readonly SyncConfig[];
  /** null: the project declares no identity, or a faulty one. */
  readonly identity: IdentityConfig | null;
  readonly defaults: Defaults;
  readonly retention: Retention;
  readonly settings: { readonly planExpiryMs: number };
  /**
   * Events, traits and segments. Read on first use: verbs that only carry rows need none of them. `instead`: texts that stand for
   * files, by their path in the project.
   */
  declared(instead?: ReadonlyMap<string, string>): LoadedDeclarations;
  /** The sync to be used now. Throws ConfigError if there is none of that name, EnvMissing if a variable it needs is unset. */
  sync(name: string): SyncConfig;
  resolveAccount(name: string, options?: AccountOptions): Promise<ResolvedAccount<C>>;
  resolveWarehouse(): Promise<WarehouseConfig>;
  resolveStore(): Promise<StoreLocation>;
  /** undefined: the project has no dbt. */
  resolveDbt(): DbtConfig | undefined;
}

/** Places and trees, for the rules that look across files. */
export interface ProjectSources {
  readonly dir: string;
  /** millrace.yml with the environment laid over it. */
  readonly root: SourceMap;
  /** Of the warehouses of all environments. */
  readonly engines: readonly string[];
  readonly variables: Env;
  readonly syncs: readonly SyncSource[];
  readonly identity: LoadedIdentity;
  /** What the chosen environment itself says of these; null: no environment was chosen. */
  readonly chosen: { readonly schema: boolean; readonly store: boolean } | null;
}

export interface Loaded<C extends ConnectorRules = ConnectorRules> {
  /** undefined: millrace.yml itself has faults. */
  readonly project: Project<C> | undefined;
  readonly faults: readonly Fault[];
  readonly sources: ProjectSources | undefined;
}

const dayMs = 86_400_000;

/**
 * Reads millrace.yml and syncs/, and validates their shape; never connects.
 * All faults are reported together. Throws ConfigError only if there is no project at all.
 */
export function loadProject<C extends ConnectorRules>(options: LoadOptions<C>): Loaded<C> {
  const dir = resolve(options.dir);
  if (!exists(resolve(dir, projectFile))) {
    throw new ConfigError(`there is no ${projectFile} in ${options.dir}`, {
      hint: "name the project's folder with --project, or make a project with `millrace init DIR`",
    });
  }
  const variables = options.variables ?? readEnv(dir);
  const { root: written, faults: unreadable } = readMapping(dir, projectFile);
  if (written === undefined) return { project: undefined, faults: inOrder(unreadable), sources: undefined };

  const faults: Fault[] = [...unreadable, ...shapeFaults(written, variables)];
  const environments = child(written, "environments");
  if (environments?.kind === "map") {
    for (const { node } of environments.entries.values()) {
      if (node.kind === "map") faults.push(...shapeFaults(withEnvironment(written, node), variables));
    }
  }
  const chosen = options.env === undefined ? undefined : child(environments, options.env);
  if (options.env !== undefined && chosen?.kind !== "map") {
    const known = environments?.kind === "map" ? [...environments.entries.keys()] : [];
    const mend = meant(options.env, known, "environments");
    const fault = error(keyAt(written, ["environments"]), `there is no environment "${options.env}"`, mend);
    return { project: undefined, faults: inOrder([...faults, fault]), sources: undefined };
  }

  const root = withEnvironment(written, chosen?.kind === "map" ? chosen : undefined);
  const common = commonPart(root, variables);
  const defaults = mergeDefaults(builtInDefaults, common?.defaults ?? {});
  const { syncs, faults: syncFaults } = loadSyncs(dir, variables, defaults);
  const identity = loadIdentity(dir, variables);
  faults.push(...syncFaults, ...identity.faults, ...unsetVariables(written, syncs, variables));
  const engines = enginesOf(written);
  const sources = { dir, root, engines, variables, syncs, identity, chosen: saidBy(chosen) };
  const broken = common === undefined || hasErrors(faults.filter(({ file }) => file === projectFile));
  return {
    project: broken ? undefined : makeProject(options, dir, common, defaults, sources),
    faults: inOrder(faults),
    sources,
  };
}

/** The project with all its faults as one ConfigError (exit 2), for verbs that are about to use it. */
export function requireProject<C extends ConnectorRules>({
  project,
  faults,
}: Pick<Loaded<C>, "project" | "faults">): Project<C> {
  if (project === undefined || hasErrors(faults)) throw faultsError(faults);
  return project;
}

const secretParts = new Set<PropertyKey>([
  "accounts",
  "store",
  "environments",
  "url",
  "private_key",
  "private_key_passphrase",
  "oauth_token",
  "credentials",
]);
const quotes = (path: SourcePath): boolean => !path.some((step) => secretParts.has(step));

function shapeFaults(root: SourceMap, variables: Env): readonly Fault[] {
  return validate(projectSchema, root, materialise(root, variables, { secretRefs: "below-root" }), quotes).faults;
}

const commonSchema = z
  .object(projectSchema.shape)
  .pick({ project: true, defaults: true, retention: true, settings: true });

function saidBy(environment: SourceNode | undefined): ProjectSources["chosen"] {
  if (environment?.kind !== "map") return null;
  const has = (node: SourceNode | undefined, step: string): boolean => child(node, step) !== undefined;
  return { schema: has(child(environment, "warehouse"), "schema"), store: has(environment, "store") };
}

/** What is needed at once, whatever variables the rest stands on. */
function commonPart(root: SourceMap, variables: Env): z.output<typeof commonSchema> | undefined {
  const part = without(root, ["warehouse", "dbt", "store", "accounts"]);
  return validate(commonSchema, part, materialise(part, variables, { secretRefs: "none" }), () => true).value;
}

function unsetVariables(written: SourceMap, syncs: readonly SyncSource[], variables: Env): Fault[] {
  const missing = [materialise(written, variables, { secretRefs: "none" }), ...syncs.map(({ made }) => made)].flatMap(
    (made) => made.missing,
  );
  return missing.map(({ name, place }) =>
    warning(
      place,
      `the environment variable ${name} is not set`,
      "set it in the environment or in .env before it is used",
    ),
  );
}

function makeProject<C extends ConnectorRules>(
  { env, connectors }: LoadOptions<C>,
  dir: string,
  common: z.output<typeof commonSchema>,
  defaults: Defaults,
  sources: ProjectSources,
): Project<C> {
  const { root, variables, syncs } = sources;
  const resolving = { dir, env: variables };
  const part = (key: string) => child(root, key);
  const accounts = accountsOf(root);
  const { settings } = common;
  let declared: LoadedDeclarations | null = null;
  return {
    name: common.project,
    dir,
    env,
    accounts: accounts.map(({ name, connector, place }) => ({ name, connector, place })),
    syncs: syncs.flatMap(({ config }) => config ?? []),
    identity: sources.identity.config ?? null,
    defaults,
    retention: retentionDays(common.retention),
    settings: { planExpiryMs: durationMs(settings?.plan_expiry ?? "24h") ?? dayMs },
    declared(instead) {
      const excluded = (["consent", "deletion"] as const).flatMap((why) => {
        const model = settings?.in_no_segment?.[why];
        return model === undefined ? [] : [{ model, why }];
      });
      const shared = { timeZone: settings?.timezone ?? "UTC", excluded, room: rowRoomOf(sources.engines) };
      if (instead !== undefined) return loadDeclarations(dir, variables, shared, instead);
      declared ??= loadDeclarations(dir, variables, shared);
      return declared;
    },
    sync(name) {
      const source = syncs.find((each) => each.name === name);
      const names = syncs.flatMap((each) => each.name ?? []);
      if (source === undefined) throw noSuch("sync", name, meant(name, names, "syncs"));
      requireEnv(source.made.missing);
      if (source.config === undefined) throw noSuch("sound sync", name, "try `millrace check`");
      return source.config;
    },
    resolveAccount: (name, account = {}) => resolveAccount(accounts, name, connectors, resolving, account),
    async resolveWarehouse() {
      const { value } = await resolvePart(part("warehouse") ?? root, warehouseSchema, resolving);
      const config = warehouseConfig(value, dir);
      // An environment has ledgers of its own, also where it does not name a schema for them.
      return sources.chosen?.schema === false ? { ...config, schema: `${config.schema}_${env}` } : config;
    },
    async resolveStore() {
      const node = part("store");
      if (sources.chosen?.store === false) return storeLocation(`./.millrace/${env}.sqlite`, dir);
      if (node === undefined) return storeLocation(defaultStore, dir);
      return storeLocation((await resolvePart(node, storeSchema, resolving)).value, dir);
    },
    resolveDbt() {
      const node = part("dbt");
      return node === undefined ? undefined : dbtConfig(resolveNow(node, dbtSchema, variables), dir);
    },
  };
}
