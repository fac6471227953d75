import { resolve } from "node:path";
import { durationMs } from "./duration.ts";
import type { DbtYaml, RetentionYaml, WarehouseYaml } from "./project-schema.ts";

/** The warehouse as its engine's folder wants it. Paths are absolute; `schema` is where Millrace's own tables live. */
export type WarehouseConfig =
  | {
      readonly type: "duckdb";
      readonly path: string;
      readonly schema: string;
      readonly memoryLimit?: string;
      readonly threads?: number;
      readonly tempDirectory?: string;
    }
  | {
      readonly type: "postgres";
      readonly url: string;
      readonly schema: string;
      readonly ssl?: "disable" | "require" | "verify-ca" | "verify-full";
      readonly sslRootCert?: string;
      readonly statementTimeoutMs?: number;
      readonly workMem?: string;
      readonly threads?: number;
      readonly unloggedPlans?: boolean;
    }
  | {
      readonly type: "snowflake";
      readonly account: string;
      readonly user: string;
      readonly privateKey?: string;
      readonly privateKeyPassphrase?: string;
      readonly oauthToken?: string;
      readonly role?: string;
      readonly warehouse: string;
      readonly database: string;
      readonly schema: string;
      readonly baseUrl?: string;
      readonly queryTag?: string;
      readonly statementTimeoutMs?: number;
      readonly transient?: boolean;
      readonly loads?: "stage" | "inserts";
      readonly threads?: number;
    }
  | {
      readonly type: "bigquery";
      readonly project: string;
      readonly dataset?: string;
      readonly location?: string;
      readonly credentials?: string;
      readonly maximumBytesBilled?: number;
      readonly labels?: Readonly<Record<string, string>>;
      readonly statementTimeoutMs?: number;
      readonly apiEndpoint?: string;
      readonly threads?: number;
      readonly schema: string;
    };

/** dbt's target and profiles.yml folder, where the project says so. */
interface DbtOptions {
  readonly target?: string;
  readonly profiles?: string;
}

export type DbtConfig =
  /** We run it: the folder of dbt_project.yml. */
  | ({ readonly kind: "project"; readonly dir: string } & DbtOptions)
  /** Somebody else runs it: the folder with manifest.json and run_results.json. */
  | ({ readonly kind: "artifacts"; readonly dir: string } & DbtOptions);

export type StoreLocation =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string };

/** Days a table keeps its rows; undefined: for ever. */
export interface Retention {
  readonly resultsDays?: number;
  readonly runsDays?: number;
  readonly plansDays?: number;
}

export const defaultSchema = "millrace";
export const defaultStore = "./.millrace/store.sqlite";

export function warehouseConfig(yaml: WarehouseYaml, dir: string): WarehouseConfig {
  const schema = yaml.schema ?? defaultSchema;
  switch (yaml.type) {
    case "duckdb":
      return {
        type: yaml.type,
        path: resolve(dir, yaml.path),
        schema,
        ...(yaml.memory_limit === undefined ? {} : { memoryLimit: yaml.memory_limit }),
        ...(yaml.threads === undefined ? {} : { threads: yaml.threads }),
        ...(yaml.temp_directory === undefined ? {} : { tempDirectory: resolve(dir, yaml.temp_directory) }),
      };
    case "postgres": {
      const timeoutMs = yaml.statement_timeout === undefined ? undefined : durationMs(yaml.statement_timeout);
      return {
        type: yaml.type,
        url: yaml.url,
        schema,
        ...(yaml.ssl === undefined ? {} : { ssl: yaml.ssl }),
        ...(yaml.ssl_root_cert === undefined ? {} : { sslRootCert: resolve(dir, yaml.ssl_root_cert) }),
        ...(timeoutMs === undefined ? {} : { statementTimeoutMs: timeoutMs }),
        ...(yaml.work_mem === undefined ? {} : { workMem: yaml.work_mem }),
        ...(yaml.threads === undefined ? {} : { threads: yaml.threads }),
        ...(yaml.unlogged_plans === undefined ? {} : { unloggedPlans: yaml.unlogged_plans }),
      };
    }
    case "snowflake": {
      const { type, account, user, warehouse, database } = yaml;
      const timeoutMs = yaml.statement_timeout === undefined ? undefined : durationMs(yaml.statement_timeout);
      return {
        type,
        account,
        user,
        warehouse,
        database,
        schema,
        ...(yaml.private_key === undefined ? {} : { privateKey: yaml.private_key }),
        ...(yaml.private_key_passphrase === undefined ? {} : { privateKeyPassphrase: yaml.private_key_passphrase }),
        ...(yaml.oauth_token === undefined ? {} : { oauthToken: yaml.oauth_token }),
        ...(yaml.role === undefined ? {} : { role: yaml.role }),
        ...(yaml.base_url === undefined ? {} : { baseUrl: yaml.base_url }),
        ...(yaml.query_tag === undefined ? {} : { queryTag: yaml.query_tag }),
        ...(timeoutMs === undefined ? {} : { statementTimeoutMs: timeoutMs }),
        ...(yaml.transient === undefined ? {} : { transient: yaml.transient }),
        ...(yaml.loads === undefined ? {} : { loads: yaml.loads }),
        ...(yaml.threads === undefined ? {} : { threads: yaml.threads }),
      };
    }
    case "bigquery": {
      const { type, project, dataset, location, credentials, labels, threads } = yaml;
      const timeoutMs = yaml.statement_timeout === undefined ? undefined : durationMs(yaml.statement_timeout);
      return {
        type,
        project,
        schema,
        ...(dataset === undefined ? {} : { dataset }),
        ...(location === undefined ? {} : { location }),
        ...(credentials === undefined ? {} : { credentials }),
        ...(yaml.maximum_bytes_billed === undefined ? {} : { maximumBytesBilled: yaml.maximum_bytes_billed }),
        ...(labels === undefined ? {} : { labels }),
        ...(timeoutMs === undefined ? {} : { statementTimeoutMs: timeoutMs }),
        ...(yaml.api_endpoint === undefined ? {} : { apiEndpoint: yaml.api_endpoint }),
        ...(threads === undefined ? {} : { threads }),
      };
    }
  }
}

/** The texts of a warehouse's configuration that must never be shown. */
export function warehouseSecrets(config: WarehouseConfig): string[] {
  if (config.type === "postgres") return urlSecrets(config.url);
  if (config.type === "snowflake") {
    return [config.privateKey, config.privateKeyPassphrase, config.oauthToken].filter((text) => text !== undefined);
  }
  return config.type === "bigquery" && config.credentials !== undefined ? [config.credentials] : [];
}

/** The password of a URL, and the URL itself where it has one. */
export function urlSecrets(url: string): string[] {
  if (!URL.canParse(url)) return [url];
  const { password } = new URL(url);
  return password === "" ? [] : [url, password, decodeURIComponent(password)];
}

export function dbtConfig(yaml: DbtYaml, dir: string): DbtConfig {
  const options = {
    ...(yaml.target === undefined ? {} : { target: yaml.target }),
    ...(yaml.profiles === undefined ? {} : { profiles: resolve(dir, yaml.profiles) }),
  };
  if ("project" in yaml) return { kind: "project", dir: resolve(dir, yaml.project), ...options };
  return { kind: "artifacts", dir: resolve(dir, yaml.artifacts), ...options };
}

export function storeLocation(written: string, dir: string): StoreLocation {
  if (/^postgres(ql)?:\/\//.test(written)) return { kind: "postgres", url: written };
  return { kind: "sqlite", path: resolve(dir, written) };
}

export function retentionDays(yaml: RetentionYaml | undefined): Retention {
  const days = (written: number | string) =>
    typeof written === "number" ? written : Math.floor((durationMs(written) ?? 0) / 86_400_000);
  return {
    ...(yaml?.results === undefined ? {} : { resultsDays: days(yaml.results) }),
    ...(yaml?.runs === undefined ? {} : { runsDays: days(yaml.runs) }),
    ...(yaml?.plans === undefined ? {} : { plansDays: days(yaml.plans) }),
  };
}
