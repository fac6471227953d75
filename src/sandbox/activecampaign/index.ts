import type { StandIn } from "../core/stand-in.ts";
import { activecampaignConfig } from "./config.ts";
import { createActiveCampaign } from "./platform.ts";

export const activecampaign: StandIn<typeof activecampaignConfig> = {
  connector: "activecampaign",
  settings: activecampaignConfig,
  create: createActiveCampaign,
  account: (url) => ({ base_url: url, api_key: "ac-sandbox-key" }),
};
