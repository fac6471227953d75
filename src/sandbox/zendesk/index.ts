import type { StandIn } from "../core/stand-in.ts";
import { zendeskConfig } from "./config.ts";
import { createZendesk } from "./platform.ts";

export const zendesk: StandIn<typeof zendeskConfig> = {
  connector: "zendesk",
  settings: zendeskConfig,
  create: createZendesk,
  account: (url) => ({ base_url: url, email: "admin@example.com", api_token: "sandbox-token" }),
};
