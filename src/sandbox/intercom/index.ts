import type { StandIn } from "../core/stand-in.ts";
import { intercomConfig } from "./config.ts";
import { createIntercom } from "./platform.ts";

export const intercom: StandIn<typeof intercomConfig> = {
  connector: "intercom",
  settings: intercomConfig,
  create: createIntercom,
  account: (url) => ({ base_url: url, access_token: "intercom-sandbox" }),
};
