import type { StandIn } from "../core/stand-in.ts";
import { hookConfig } from "./config.ts";
import { createHook } from "./platform.ts";

export const hook: StandIn<typeof hookConfig> = {
  connector: "http",
  settings: hookConfig,
  create: createHook,
  account: (url) => ({ base_url: url }),
};
