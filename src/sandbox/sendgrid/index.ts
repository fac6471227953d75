import type { StandIn } from "../core/stand-in.ts";
import { sendgridConfig } from "./config.ts";
import { createSendgrid } from "./platform.ts";

export const sendgrid: StandIn<typeof sendgridConfig> = {
  connector: "sendgrid",
  settings: sendgridConfig,
  create: createSendgrid,
  account: (url) => ({ base_url: url, api_key: "SG.sandbox" }),
};
