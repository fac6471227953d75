import type { StandIn } from "../core/stand-in.ts";
import { hubspotConfig } from "./config.ts";
import { createHubspot } from "./platform.ts";

export const hubspot: StandIn<typeof hubspotConfig> = {
  connector: "hubspot",
  settings: hubspotConfig,
  create: createHubspot,
  account: (url) => ({ base_url: url, access_token: "pat-sandbox" }),
};
