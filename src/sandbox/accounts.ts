import type { Row } from "../core/value.ts";

/**
 * What `run --sandbox` gives an account of this connector: base URL and credentials that the sandbox at `url` accepts
 * with its default settings. undefined: the sandbox has no stand-in for it, and the account stays as it is.
 */
export function sandboxAccount(connectorId: string, url: string): Row | undefined {
  const host = url.replace(/\/+$/, "");
  switch (connectorId) {
    case "salesforce":
      // The refresh token goes before whatever key the account has of its own.
      return {
        base_url: `${host}/salesforce`,
        client_id: "sandbox-id",
        client_secret: "sandbox-secret",
        refresh_token: "sandbox-refresh",
      };
    case "klaviyo":
      return { base_url: `${host}/klaviyo`, api_key: "pk_sandbox" };
    case "hubspot":
      return { base_url: `${host}/hubspot`, access_token: "pat-sandbox" };
    case "dataverse":
      return {
        base_url: `${host}/dataverse`,
        login_url: `${host}/dataverse`,
        tenant_id: "sandbox-tenant",
        client_id: "sandbox-id",
        client_secret: "sandbox-secret",
      };
    case "http":
      return { base_url: `${host}/hook` };
    default:
      return undefined;
  }
}
