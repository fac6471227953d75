import type { StandIn } from "../core/stand-in.ts";
import { klaviyoConfig } from "./config.ts";
import { createKlaviyo } from "./platform.ts";

export const klaviyo: StandIn<typeof klaviyoConfig> = {
  connector: "klaviyo",
  settings: klaviyoConfig,
  create: createKlaviyo,
  account: (url) => ({ base_url: url, api_key: "pk_sandbox" }),
};
