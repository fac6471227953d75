import { z } from "zod";
import { ConfigError } from "../core/errors.ts";

/** What dbt needs of a BigQuery warehouse. */
export interface DbtBigQuery {
  readonly type: "bigquery";
  readonly project: string;
  readonly location?: string;
  /** A JSON key; application default credentials if left out. */
  readonly credentials?: string;
  readonly maximumBytesBilled?: number;
  readonly statementTimeoutMs?: number;
  readonly apiEndpoint?: string;
  readonly threads?: number;
}

const key = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("service_account"), private_key: z.string(), client_email: z.string() }),
  z.looseObject({
    type: z.literal("authorized_user"),
    refresh_token: z.string(),
    client_id: z.string(),
    client_secret: z.string(),
  }),
]);

/** dbt hides the values of variables with this prefix in its logs. */
const SECRET = "DBT_ENV_SECRET_MILLRACE_BIGQUERY_";

/** https://docs.getdbt.com/docs/core/connect-data-platform/bigquery-setup */
export function bigQueryConnection(warehouse: DbtBigQuery) {
  const { method, env } = authentication(warehouse);
  const output = {
    type: "bigquery",
    ...method,
    project: warehouse.project,
    ...(warehouse.location === undefined ? {} : { location: warehouse.location }),
    ...(warehouse.maximumBytesBilled === undefined ? {} : { maximum_bytes_billed: warehouse.maximumBytesBilled }),
    ...(warehouse.statementTimeoutMs === undefined
      ? {}
      : { job_execution_timeout_seconds: Math.ceil(warehouse.statementTimeoutMs / 1_000) }),
    ...(warehouse.apiEndpoint === undefined ? {} : { api_endpoint: warehouse.apiEndpoint }),
  };
  return { output, env };
}

function authentication({ credentials, apiEndpoint }: DbtBigQuery): {
  readonly method: object;
  readonly env: Readonly<Record<string, string>>;
} {
  if (credentials === undefined) {
    const local = apiEndpoint !== undefined && /^http:\/\/(127\.|localhost)/.test(apiEndpoint);
    return { method: local ? { method: "oauth-secrets", token: "none" } : { method: "oauth" }, env: {} };
  }
  const found = parse(credentials);
  const env: Record<string, string> = {};
  const secret = (name: string, value: string): string => {
    env[`${SECRET}${name}`] = value;
    return `{{ env_var('${SECRET}${name}') }}`;
  };
  if (found.type === "authorized_user") {
    const method = {
      method: "oauth-secrets",
      refresh_token: secret("REFRESH_TOKEN", found.refresh_token),
      client_id: found.client_id,
      client_secret: secret("CLIENT_SECRET", found.client_secret),
      token_uri: "https://oauth2.googleapis.com/token",
    };
    return { method, env };
  }
  const keyfile = Object.fromEntries(
    Object.entries(found).map(([name, value]) =>
      name.startsWith("private_key") ? [name, secret(name.toUpperCase(), String(value))] : [name, value],
    ),
  );
  return { method: { method: "service-account-json", keyfile_json: keyfile }, env };
}

function parse(text: string): z.infer<typeof key> {
  try {
    return key.parse(JSON.parse(text));
  } catch {
    // Without the cause: it quotes the key.
    throw new ConfigError("dbt cannot sign in with these credentials of the warehouse", {
      hint: "dbt takes the JSON key of a service account, or application default credentials (no `credentials`); for other kinds name a profile of your own with `dbt: {profiles: DIR}`.",
    });
  }
}
