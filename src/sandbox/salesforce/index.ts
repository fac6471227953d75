import type { StandIn } from "../core/stand-in.ts";
import { salesforceConfig } from "./config.ts";
import { createSalesforce } from "./platform.ts";

export const salesforce: StandIn<typeof salesforceConfig> = {
  connector: "salesforce",
  settings: salesforceConfig,
  create: createSalesforce,
  // The refresh token goes before whatever key the account has of its own.
  account: (url) => ({
    base_url: url,
    client_id: "sandbox-id",
    client_secret: "sandbox-secret",
    refresh_token: "sandbox-refresh",
  }),
};
