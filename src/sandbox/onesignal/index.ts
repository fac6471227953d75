import type { StandIn } from "../core/stand-in.ts";
import { onesignalConfig } from "./config.ts";
import { createOnesignal } from "./platform.ts";

export const onesignal: StandIn<typeof onesignalConfig> = {
  connector: "onesignal",
  settings: onesignalConfig,
  create: createOnesignal,
  account: (url) => ({
    base_url: url,
    app_id: "5eb5a37e-b458-11e3-ac11-000c2940e62c",
    api_key: "onesignal-sandbox",
  }),
};
