import type { StandIn } from "../core/stand-in.ts";
import { iterableConfig } from "./config.ts";
import { createIterable } from "./platform.ts";

export const iterable: StandIn<typeof iterableConfig> = {
  connector: "iterable",
  settings: iterableConfig,
  create: createIterable,
  account: (url) => ({ base_url: url, api_key: "iterable-sandbox" }),
};
