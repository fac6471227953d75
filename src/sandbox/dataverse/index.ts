import type { StandIn } from "../core/stand-in.ts";
import { dataverseConfig } from "./config.ts";
import { createDataverse } from "./platform.ts";

export const dataverse: StandIn<typeof dataverseConfig> = {
  connector: "dataverse",
  settings: dataverseConfig,
  create: createDataverse,
  account: (url) => ({
    base_url: url,
    login_url: url,
    tenant_id: "sandbox-tenant",
    client_id: "sandbox-id",
    client_secret: "sandbox-secret",
  }),
};
