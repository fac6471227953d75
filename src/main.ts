import { join, resolve } from "node:path";
import type { App, GlobalOptions } from "./commands/app.ts";
import { createModelBuilder } from "./commands/model-builder.ts";
import type { Output } from "./commands/output.ts";
import { projectConnectors } from "./commands/project-connectors.ts";
import { withIdentifiers } from "./commands/with-identifiers.ts";
import { openProject } from "./config/check.ts";
import { childEnv, dbtPath, sandboxUrl } from "./config/env.ts";
import type { Project } from "./config/project.ts";
import type { WarehouseConfig } from "./config/project-parts.ts";
import { systemClock } from "./core/clock.ts";
import { ConfigError } from "./core/errors.ts";
import type { Relation } from "./core/relation.ts";
import { Accounts } from "./deliver/accounts.ts";
import type { Connector } from "./destinations/connector.ts";
import { relationNamed } from "./models/relation-name.ts";
import { stateTables } from "./state/names.ts";
import type { RunStore } from "./store/store.ts";
import type { Grants } from "./warehouse/grants.ts";
import type { Warehouse } from "./warehouse/warehouse.ts";

/**
 * The composition root: the one place that names concrete classes. Resources open on first use.
 * @throws ConfigError with every fault of the project's files
 */
export async function openApp(options: GlobalOptions, out: Output, signal: AbortSignal): Promise<App> {
  const connectors = await projectConnectors(options.project ?? ".");
  const project = openProject({ dir: options.project ?? ".", env: options.env, connectors });
  const clock = systemClock;
  const sandbox = options.sandbox === true;
  const warehouseConfig = await project.resolveWarehouse();
  const schema = sandbox ? `${warehouseConfig.schema}_sandbox` : warehouseConfig.schema;
  const accounts = new Accounts({ clock });
  const warehouse = once(() => openWarehouse(warehouseConfig, out));
  const store = once(() => openStore(project, sandbox));
  const models = createModelBuilder({
    dbt: project.resolveDbt() ?? null,
    warehouseConfig,
    stateDir: join(project.dir, ".millrace"),
    projectDir: project.dir,
    env: () => childEnv(project.dir),
    dbtPath: dbtPath(),
    asOf: options.asOf === undefined ? null : instant(options.asOf),
    warehouse: warehouse.get,
    store: store.get,
    clock,
    out,
    signal,
  });

  return {
    dir: project.dir,
    projectName: project.name,
    environment: sandbox ? "sandbox" : (options.env ?? null),
    flags: `${options.env === undefined ? "" : ` --env ${options.env}`}${sandbox ? " --sandbox" : ""}`,
    syncs: project.syncs,
    sync: project.sync,
    declared: (instead) => withIdentifiers(project.declared(instead), project.identity),
    tables: stateTables(schema),
    clock,
    out,
    showValues: options.showValues === true,
    signal,
    planExpiryMs: project.settings.planExpiryMs,
    retention: project.retention,
    warehouse: warehouse.get,
    store: store.get,
    account: async (name) => {
      const declared = project.accounts.find((account) => account.name === name);
      const replace = sandbox && declared !== undefined ? await standInAccount(declared.connector) : undefined;
      const { connector, account, secrets } = await project.resolveAccount(
        name,
        replace && { replace, unset: "sandbox" },
      );
      return accounts.open(connector, account, secrets);
    },
    relation: async ({ source, name }): Promise<Relation> => {
      if (source.kind !== "table" && models.relation !== null) return models.relation(source.name);
      return relationNamed(source.name, warehouseConfig.type, `sync ${name}`, datasetOf(warehouseConfig));
    },
    grants: () => openGrants(warehouseConfig),
    identity: project.identity,
    model: async (name): Promise<Relation> => {
      if (models.relation !== null) return models.relation(name);
      throw new ConfigError("the project has no dbt, so it has no models", {
        hint: "Name one in millrace.yml: `dbt: {project: ./sql}`.",
      });
    },
    models: models.builder,
    close: async () => {
      await accounts.close();
      await warehouse.close();
      await store.close();
    },
  };
}

/** Read on use only: the stand-ins' settings are a lot to load. */
async function standInAccount(connector: string): Promise<Readonly<Record<string, string>> | undefined> {
  const { sandboxAccount } = await import("./sandbox/stand-ins.ts");
  return sandboxAccount(connector, sandboxUrl());
}

/** BigQuery has no dataset of its own for tables that name none. */
const datasetOf = (config: WarehouseConfig): string | undefined =>
  config.type === "bigquery" ? config.dataset : undefined;

async function openWarehouse(config: WarehouseConfig, out: Output): Promise<Warehouse> {
  if (config.type === "postgres") {
    const { createPostgresWarehouse } = await import("./warehouse/postgres/index.ts");
    return createPostgresWarehouse({ ...config, clock: systemClock });
  }
  if (config.type === "snowflake") {
    const { createSnowflakeWarehouse } = await import("./warehouse/snowflake/index.ts");
    return createSnowflakeWarehouse(config);
  }
  if (config.type === "bigquery") {
    const { createBigQueryWarehouse } = await import("./warehouse/bigquery/index.ts");
    return createBigQueryWarehouse({ ...config, clock: systemClock });
  }
  const { createDuckDbWarehouse } = await import("./warehouse/duckdb/index.ts");
  const { path, memoryLimit, threads, tempDirectory } = config;
  return createDuckDbWarehouse({
    path,
    clock: systemClock,
    onWait: (holder) => out.note(`waiting for the warehouse: ${holder} has ${path} open`),
    ...(memoryLimit !== undefined && { memoryLimit }),
    ...(threads !== undefined && { threads }),
    ...(tempDirectory !== undefined && { tempDirectory }),
  });
}

async function openGrants(config: WarehouseConfig): Promise<Grants> {
  switch (config.type) {
    case "duckdb":
      return (await import("./warehouse/duckdb/grants.ts")).duckDbGrants;
    case "postgres":
      return (await import("./warehouse/postgres/grants.ts")).postgresGrants(config.url);
    case "snowflake":
      return (await import("./warehouse/snowflake/grants.ts")).snowflakeGrants(config);
    case "bigquery":
      return (await import("./warehouse/bigquery/grants.ts")).bigQueryGrants(config);
  }
}

async function openStore(project: Project<Connector>, sandbox: boolean): Promise<RunStore> {
  const location = await project.resolveStore();
  if (location.kind !== "sqlite") {
    throw new ConfigError("this version keeps its store in a SQLite file only", {
      hint: "Give `store:` a path, e.g. ./.millrace/store.sqlite.",
    });
  }
  const { openSqliteStore } = await import("./store/sqlite/index.ts");
  const path = sandbox ? join(project.dir, ".millrace", "sandbox.sqlite") : resolve(location.path);
  return openSqliteStore({ path, clock: systemClock });
}

/** Opens on first use, once; closes what was opened. */
function once<T extends { close(): Promise<void> }>(
  open: () => Promise<T>,
): { get(): Promise<T>; close(): Promise<void> } {
  let opened: Promise<T> | null = null;
  return {
    get: () => {
      opened ??= open();
      return opened;
    },
    close: async () => {
      const resource = await opened?.catch(() => null);
      opened = null;
      await resource?.close();
    },
  };
}

function instant(text: string): Date {
  const date = new Date(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (!Number.isNaN(date.getTime())) return date;
  throw new ConfigError(`--as-of ${text} is no instant`, { hint: "Write 2010-09-01 or 2010-09-01T00:00:00Z." });
}
