import { pemOf } from "../core/pem.ts";

/** What dbt needs of a Snowflake warehouse. */
export interface DbtSnowflake {
  readonly type: "snowflake";
  readonly account: string;
  readonly user: string;
  readonly privateKey?: string;
  readonly privateKeyPassphrase?: string;
  readonly oauthToken?: string;
  readonly role?: string;
  readonly warehouse: string;
  readonly database: string;
  /** In place of the account's own address. */
  readonly baseUrl?: string;
  readonly queryTag?: string;
  readonly threads?: number;
}

/** dbt hides the values of variables with this prefix in its logs. */
const SECRETS = {
  private_key: "DBT_ENV_SECRET_MILLRACE_PRIVATE_KEY",
  private_key_passphrase: "DBT_ENV_SECRET_MILLRACE_PASSPHRASE",
  token: "DBT_ENV_SECRET_MILLRACE_TOKEN",
} as const;

/** https://docs.getdbt.com/docs/core/connect-data-platform/snowflake-setup */
export function snowflakeConnection(warehouse: DbtSnowflake) {
  const secrets = {
    ...(warehouse.oauthToken === undefined ? {} : { token: warehouse.oauthToken }),
    ...(warehouse.oauthToken !== undefined || warehouse.privateKey === undefined
      ? {}
      : { private_key: pemOf(warehouse.privateKey) }),
    ...(warehouse.privateKeyPassphrase === undefined ? {} : { private_key_passphrase: warehouse.privateKeyPassphrase }),
  };
  const names = Object.keys(secrets) as (keyof typeof SECRETS)[];
  const output = {
    type: "snowflake",
    account: warehouse.account,
    user: warehouse.user,
    ...(warehouse.oauthToken === undefined ? {} : { authenticator: "oauth" }),
    ...Object.fromEntries(names.map((name) => [name, `{{ env_var('${SECRETS[name]}') }}`])),
    ...(warehouse.role === undefined ? {} : { role: warehouse.role }),
    warehouse: warehouse.warehouse,
    database: warehouse.database,
    ...address(warehouse.baseUrl),
    query_tag: warehouse.queryTag ?? "millrace",
    client_session_keep_alive: false,
  };
  return { output, env: Object.fromEntries(names.map((name) => [SECRETS[name], secrets[name] ?? ""])) };
}

function address(baseUrl: string | undefined) {
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return {};
  const { protocol, hostname, port } = new URL(baseUrl);
  const scheme = protocol.replace(":", "");
  return { host: hostname, protocol: scheme, port: Number(port || (scheme === "http" ? 80 : 443)) };
}
