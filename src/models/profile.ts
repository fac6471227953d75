import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { ConfigError } from "../core/errors.ts";
import { bigQueryConnection, type DbtBigQuery } from "./profile-bigquery.ts";
import { type DbtSnowflake, snowflakeConnection } from "./profile-snowflake.ts";

/** The warehouse that a profile is made for; its path is absolute. */
export type DbtWarehouse =
  | { readonly type: "duckdb"; readonly path: string; readonly threads?: number }
  | {
      readonly type: "postgres";
      readonly url: string;
      /** As libpq's sslmode; else what the URL says. */
      readonly ssl?: string;
      readonly sslRootCert?: string;
      readonly threads?: number;
    }
  | DbtSnowflake
  | DbtBigQuery;

/** dbt hides the values of variables with this prefix in its logs. */
const PASSWORD_VARIABLE = "DBT_ENV_SECRET_MILLRACE_PASSWORD";
const DEFAULT_THREADS = 4;

export interface MadeProfile {
  /** For `--profiles-dir`. */
  readonly dir: string;
  /** What the profile reads from the environment: secrets are never written to it. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ProfileOptions {
  /** As dbt_project.yml names it. */
  readonly profile: string;
  readonly target: string;
  readonly warehouse: DbtWarehouse;
  /** Where dbt puts models that do not say otherwise. */
  readonly schema: string;
  /** A private folder of the project; `dbt/profiles.yml` is written below it. */
  readonly stateDir: string;
}

/** Writes profiles.yml for a warehouse of millrace.yml. Throws ConfigError if the Postgres URL is none. */
export async function makeProfile(options: ProfileOptions): Promise<MadeProfile> {
  const { output, env } = connection(options.warehouse);
  const threads = options.warehouse.threads ?? DEFAULT_THREADS;
  const outputs = { [options.target]: { ...output, schema: options.schema, threads } };
  const dir = join(options.stateDir, "dbt");
  await mkdir(dir, { recursive: true });
  const text = stringify({ [options.profile]: { target: options.target, outputs } });
  await writeFile(join(dir, "profiles.yml"), `# Made by Millrace from millrace.yml for every build.\n${text}`, {
    mode: 0o600,
  });
  return { dir, env };
}

function connection(warehouse: DbtWarehouse) {
  if (warehouse.type === "duckdb") return { output: { type: "duckdb", path: warehouse.path }, env: {} };
  if (warehouse.type === "snowflake") return snowflakeConnection(warehouse);
  if (warehouse.type === "bigquery") return bigQueryConnection(warehouse);
  if (!/^postgres(ql)?:/.test(warehouse.url) || !URL.canParse(warehouse.url)) {
    throw new ConfigError("the warehouse's url is no Postgres URL", {
      hint: "write postgres://user:password@host:5432/database",
    });
  }
  const url = new URL(warehouse.url);
  const sslmode = warehouse.ssl ?? url.searchParams.get("sslmode");
  // Without a file of its own libpq looks in a home folder that a scheduler does not have; Millrace asks those that Node ships.
  const sslrootcert =
    warehouse.sslRootCert ?? url.searchParams.get("sslrootcert") ?? (sslmode === "verify-full" ? "system" : null);
  const output = {
    type: "postgres",
    host: decodeURIComponent(url.hostname) || "localhost",
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: `{{ env_var('${PASSWORD_VARIABLE}') }}`,
    dbname: decodeURIComponent(url.pathname.slice(1)),
    ...(sslmode === null ? {} : { sslmode }),
    ...(sslrootcert === null ? {} : { sslrootcert }),
  };
  return { output, env: { [PASSWORD_VARIABLE]: decodeURIComponent(url.password) } };
}
