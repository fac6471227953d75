import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DbtConfig, WarehouseConfig } from "../config/project-parts.ts";
import type { Clock } from "../core/clock.ts";
import { compiledFolder } from "../core/compiled.ts";
import type { Relation } from "../core/relation.ts";
import type { SyncConfig } from "../core/sync.ts";
import { heldByBrake } from "../identity/brake.ts";
import { publishedNames } from "../identity/published-models.ts";
import { type Manifest, readManifest, readRunResults, relationOf, selectionFor } from "../models/artifacts.ts";
import { blockedBy } from "../models/blocked.ts";
import { createDbt, type Dbt } from "../models/dbt.ts";
import { dbtWithAdapter } from "../models/dbt-with-adapter.ts";
import { type DbtProgram, findDbt } from "../models/find-dbt.ts";
import type { installDbt } from "../models/install-dbt.ts";
import type { DbtWarehouse } from "../models/profile.ts";
import { createProgress } from "../models/progress.ts";
import { membershipModels } from "../segments/names.ts";
import type { RunStore } from "../store/store.ts";
import { traitHistory } from "../traits/history-sql.ts";
import type { Warehouse } from "../warehouse/warehouse.ts";
import type { BlockedSync, BuildOutcome, ModelBuilder } from "./app.ts";
import type { Output } from "./output.ts";
import { withLease } from "./pipeline/leases.ts";

export interface ModelBuilderOptions {
  /** null: the project has no dbt. */
  readonly dbt: DbtConfig | null;
  readonly warehouseConfig: WarehouseConfig;
  readonly stateDir: string;
  readonly projectDir: string;
  readonly env: () => Record<string, string>;
  readonly dbtPath: string | undefined;
  /** In place of the installer that asks the Python package index. */
  readonly installDbt?: typeof installDbt;
  /** What `{{ millrace.as_of() }}` gives; null: the instant the build begins. */
  readonly asOf: Date | null;
  readonly warehouse: () => Promise<Warehouse>;
  readonly store: () => Promise<RunStore>;
  readonly clock: Clock;
  readonly out: Output;
  readonly signal: AbortSignal;
}

export interface Models {
  /** null: nothing to build here; there is no dbt, or somebody else runs it. */
  readonly builder: ModelBuilder | null;
  /** Where a model stands, by the manifest; null: the project has no dbt. */
  readonly relation: ((name: string) => Promise<Relation>) | null;
  readonly dbt: (() => Promise<Dbt>) | null;
}

const hourMs = 3_600_000;

const nothing: BuildOutcome = { blocked: new Map(), failed: 0, held: null, nodes: 0, seconds: 0 };

/** The models stage as the verbs use it: one build for the syncs at hand, and what it blocks. */
export function createModelBuilder(o: ModelBuilderOptions): Models {
  const { dbt } = o;
  if (dbt === null) return { builder: null, relation: null, dbt: null };
  const targetDir = dbt.kind === "project" ? join(dbt.dir, "target") : dbt.dir;
  let known: { readonly writtenMs: number; readonly manifest: Promise<Manifest> } | null = null;
  /** Read again when dbt, ours or somebody else's, has written it anew. */
  const readOnce = (): Promise<Manifest> => {
    const writtenMs = statSync(join(targetDir, "manifest.json"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (known?.writtenMs !== writtenMs) known = { writtenMs, manifest: readManifest(targetDir) };
    return known.manifest;
  };
  const relation = async (name: string): Promise<Relation> => relationOf(await readOnce(), name);
  if (dbt.kind === "artifacts") return { builder: null, relation, dbt: null };

  const open = async (): Promise<Dbt> => {
    const env = o.env();
    return createDbt({
      program: await fittingDbt(o, env),
      projectDir: dbt.dir,
      ...(dbt.profiles !== undefined && { profilesDir: dbt.profiles }),
      ...(dbt.target !== undefined && { target: dbt.target }),
      warehouse: dbtWarehouse(o.warehouseConfig),
      stateDir: o.stateDir,
      env,
    });
  };
  const run = async (select: readonly string[], syncs: readonly SyncConfig[]) => {
    const program = await open();
    const warehouse = await o.warehouse();
    const progress = createProgress(o.out.progress, { tty: o.out.tty, color: o.out.color });
    const startedAt = o.clock.now();
    const outcome = await withLease(await o.store(), o.clock, "warehouse", hourMs, o.signal, () =>
      warehouse.handOver(
        () => program.build({ select, asOf: o.asOf ?? startedAt, onEvent: progress.onEvent, signal: o.signal }),
        o.signal,
      ),
    ).finally(() => progress.end());
    const blocked = outcome.ok
      ? new Map<string, BlockedSync>()
      : blockedSyncs(syncs, await readOnce(), await readRunResults(targetDir));
    const failed = outcome.failed.map(({ message }) => heldByBrake(message));
    return {
      blocked,
      failed: failed.filter((held) => held === null).length,
      held: failed.find((held) => held !== null) ?? null,
      nodes: outcome.results.length,
      seconds: (o.clock.now().getTime() - startedAt.getTime()) / 1_000,
    };
  };
  const builder: ModelBuilder = {
    async render(sql) {
      const program = await open();
      const warehouse = await o.warehouse();
      return withLease(await o.store(), o.clock, "warehouse", hourMs, o.signal, () =>
        warehouse.handOver(() => program.render(sql, { asOf: o.asOf ?? o.clock.now(), signal: o.signal }), o.signal),
      );
    },
    async debug() {
      const program = await open();
      await (await o.warehouse()).handOver(() => program.debug(o.signal), o.signal);
    },
    async build(syncs) {
      const names = syncs.filter((sync) => sync.source.kind !== "table").map((sync) => sync.source.name);
      // Syncs on tables need no model; only a build that was asked for by no sync means all of them.
      if (syncs.length > 0 && names.length === 0) return nothing;
      // A segment's members, and the traits that it reads, go into their history in the build that finds them.
      const history = syncs.some(({ source }) => source.kind === "segment") ? historyModels(dbt.dir) : [];
      // Who is who changes in one build with what hangs on it, so that `why` and `identity` tell of the run that was sent.
      const people = syncs.some(isAboutProfiles) ? identityModels(dbt.dir) : [];
      return run(names.length === 0 ? [] : selectionFor([...names, ...history, ...people]), syncs);
    },
    // The last model before the pointer moves.
    stageIdentity: () => run(selectionFor(["identity_golden"]), []),
  };
  return { builder, relation, dbt: open };
}

/** dbt for the project's warehouse. The environment that Millrace comes with knows only those that need no cloud. */
function fittingDbt(o: ModelBuilderOptions, env: Record<string, string>): Promise<DbtProgram> {
  const find = { explicit: o.dbtPath, projectDir: o.projectDir, env };
  const { type } = o.warehouseConfig;
  if (type !== "snowflake" && type !== "bigquery") return findDbt(find);
  return dbtWithAdapter({
    ...find,
    engine: type,
    stateDir: o.stateDir,
    onProgress: o.out.note,
    signal: o.signal,
    ...(o.installDbt && { install: o.installDbt }),
  });
}

/** The compiled models that keep the history of segments and traits; none where the project asks for none. */
const historyModels = (dbtDir: string): string[] =>
  [...membershipModels.map((model) => ["segments", model] as const), ["traits", traitHistory] as const].flatMap(
    ([folder, model]) => (isCompiled(dbtDir, folder, model) ? [model] : []),
  );

/** The tables that identity publishes; none where the project has no identity.yml. */
const identityModels = (dbtDir: string): string[] =>
  publishedNames.filter((model) => isCompiled(dbtDir, "identity", model));

const isCompiled = (dbtDir: string, kind: string, model: string): boolean =>
  existsSync(join(dbtDir, compiledFolder, kind, `${model}.sql`));

const isAboutProfiles = ({ source, key }: SyncConfig): boolean =>
  source.kind === "segment" || (source.kind !== "table" && key === "profile_id");

/** Only the syncs whose model, or something it is made from, failed; with dbt's own message and file. */
function blockedSyncs(
  syncs: readonly SyncConfig[],
  manifest: Manifest,
  results: Awaited<ReturnType<typeof readRunResults>>,
): Map<string, BlockedSync> {
  const blocked = new Map<string, BlockedSync>();
  for (const sync of syncs) {
    if (sync.source.kind === "table") continue;
    const found = blockedBy(manifest, results, sync.source.name);
    if (found === null) continue;
    const message = found.message === null ? "" : `: ${found.message.trim()}`;
    const why = `${found.file}: ${found.resourceType} ${found.name} ended as ${found.status}${message}`;
    blocked.set(sync.name, { why, held: heldByBrake(found.message) });
  }
  return blocked;
}

function dbtWarehouse(config: WarehouseConfig): DbtWarehouse {
  if (config.type === "duckdb")
    return { type: "duckdb", path: config.path, ...(config.threads !== undefined && { threads: config.threads }) };
  if (config.type === "postgres") {
    const { type, url, ssl, sslRootCert, threads } = config;
    return {
      type,
      url,
      ...(ssl !== undefined && { ssl }),
      ...(sslRootCert !== undefined && { sslRootCert }),
      ...(threads !== undefined && { threads }),
    };
  }
  return config;
}
