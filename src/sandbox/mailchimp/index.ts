import type { StandIn } from "../core/stand-in.ts";
import { mailchimpConfig } from "./config.ts";
import { createMailchimp } from "./platform.ts";

export const mailchimp: StandIn<typeof mailchimpConfig> = {
  connector: "mailchimp",
  settings: mailchimpConfig,
  create: createMailchimp,
  account: (url) => ({ base_url: url, api_key: "sandbox-us6" }),
};
