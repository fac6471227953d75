import type { StandIn } from "../core/stand-in.ts";
import { brazeConfig } from "./config.ts";
import { createBraze } from "./platform.ts";

export const braze: StandIn<typeof brazeConfig> = {
  connector: "braze",
  settings: brazeConfig,
  create: createBraze,
  account: (url) => ({ base_url: url, api_key: "braze-sandbox" }),
};
