import type { LoadedDeclarations } from "../config/load-declared.ts";
import type { Clock } from "../core/clock.ts";
import type { IdentityConfig } from "../core/identity.ts";
import type { Relation } from "../core/relation.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { OpenAccount } from "../deliver/accounts.ts";
import type { Target } from "../destinations/connector.ts";
import type { HeldRun } from "../identity/brake.ts";
import type { Retention } from "../settle/retention.ts";
import type { StateTables } from "../state/names.ts";
import type { RunStore } from "../store/store.ts";
import type { Grants } from "../warehouse/grants.ts";
import type { Warehouse } from "../warehouse/warehouse.ts";
import type { Output } from "./output.ts";

/** Options that every verb takes. */
export interface GlobalOptions {
  readonly project?: string;
  readonly env?: string;
  readonly json?: boolean;
  readonly showValues?: boolean;
  readonly sandbox?: boolean;
  /** What `{{ millrace.as_of() }}` gives, in place of now. */
  readonly asOf?: string;
}

/**
 * One project, opened: what every verb works with. `main.ts` makes it and names the concrete classes; resources open on
 * first use and are closed together at the end.
 */
export interface App {
  readonly dir: string;
  readonly projectName: string;
  readonly environment: string | null;
  /** ` --sandbox` or ` --env NAME`, for the commands that messages suggest. */
  readonly flags: string;
  /** As written: variables that are unset still stand in them. */
  readonly syncs: readonly SyncConfig[];
  /** The sync to be used now. Throws ConfigError if there is none of that name, EnvMissing if a variable it needs is unset. */
  sync(name: string): SyncConfig;
  readonly tables: StateTables;
  readonly clock: Clock;
  readonly out: Output;
  /** Shows people's values unmasked. */
  readonly showValues: boolean;
  /** Ends what the process does: Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** How long a held plan can be approved. */
  readonly planExpiryMs: number;
  /** How long Millrace's tables keep their rows. */
  readonly retention: Retention;
  warehouse(): Promise<Warehouse>;
  store(): Promise<RunStore>;
  account(name: string): Promise<OpenAccount>;
  /** Where a sync's rows stand in the warehouse. */
  relation(sync: SyncConfig): Promise<Relation>;
  /** The rights that the warehouse's role needs, in the engine's words. */
  grants(): Promise<Grants>;
  /** Events, traits and segments; `instead`: texts that stand for files. */
  declared(instead?: ReadonlyMap<string, string>): LoadedDeclarations;
  /** What identity.yml declares; null: nothing. */
  readonly identity: IdentityConfig | null;
  /** Where a dbt model stands. Throws ConfigError if the project has no dbt. */
  model(name: string): Promise<Relation>;
  /** Builds the models that the syncs need. null: there is no dbt, or somebody else runs it. */
  readonly models: ModelBuilder | null;
  close(): Promise<void>;
}

/** Why a sync may not go on. */
export interface BlockedSync {
  /** dbt's own message and file. */
  readonly why: string;
  /** The run of identity that it waits for. */
  readonly held: HeldRun | null;
}

export interface BuildOutcome {
  readonly blocked: ReadonlyMap<string, BlockedSync>;
  readonly nodes: number;
  /** Without what identity's brake holds. */
  readonly failed: number;
  readonly held: HeldRun | null;
  readonly seconds: number;
}

export interface ModelBuilder {
  /** Empty: everything. */
  build(syncs: readonly SyncConfig[]): Promise<BuildOutcome>;
  /** Works out an identity run from what the sources hold now and stages it: nothing shows, and the next build undoes it. */
  stageIdentity(): Promise<BuildOutcome>;
  /** SQL with dbt's `{{ }}` in it, as the warehouse runs it. */
  render(sql: string): Promise<string>;
  /** Lets dbt connect to the warehouse and do nothing there. Throws DbtFailed with dbt's own words. */
  debug(): Promise<void>;
}

/** A sync with everything that planning and delivering it needs. */
export interface PreparedSync {
  readonly sync: SyncConfig;
  readonly account: OpenAccount;
  readonly target: Target;
  /** Validated `to:` options. */
  readonly options: unknown;
}
