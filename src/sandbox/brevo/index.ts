import type { StandIn } from "../core/stand-in.ts";
import { brevoConfig } from "./config.ts";
import { createBrevo } from "./platform.ts";

export const brevo: StandIn<typeof brevoConfig> = {
  connector: "brevo",
  settings: brevoConfig,
  create: createBrevo,
  account: (url) => ({ base_url: url, api_key: "xkeysib-sandbox" }),
};
