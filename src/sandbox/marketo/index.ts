import type { StandIn } from "../core/stand-in.ts";
import { marketoConfig } from "./config.ts";
import { createMarketo } from "./platform.ts";

export const marketo: StandIn<typeof marketoConfig> = {
  connector: "marketo",
  settings: marketoConfig,
  create: createMarketo,
  account: (url) => ({ base_url: url, client_id: "sandbox-client", client_secret: "sandbox-secret" }),
};
