import type { StandIn } from "../core/stand-in.ts";
import { customerioConfig } from "./config.ts";
import { createCustomerio } from "./platform.ts";

export const customerio: StandIn<typeof customerioConfig> = {
  connector: "customerio",
  settings: customerioConfig,
  create: createCustomerio,
  account: (url) => ({ base_url: url, site_id: "sandbox-site", api_key: "customerio-sandbox" }),
};
