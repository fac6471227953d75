import type { Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, baseUrl, type MarketoAccount, rateLimits } from "./account.ts";
import { activity } from "./activity-target.ts";
import type { Ctx } from "./api.ts";
import { erasure } from "./erasure-target.ts";
import { discoverFields } from "./fields.ts";
import { lead } from "./lead-target.ts";
import { list } from "./list-target.ts";

export const marketo: Connector<MarketoAccount> = {
  id: "marketo",
  category: "email",
  apiVersion: "v1",
  account: accountSchema,
  targets: { lead, list, activity, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

/** Signs in and reads the fields of leads, which needs Read-Only Lead or Read-Write Lead. */
async function check(ctx: Ctx): Promise<void> {
  await discoverFields(ctx);
}
