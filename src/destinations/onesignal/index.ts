import type { Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, baseUrl, type OnesignalAccount, rateLimits } from "./account.ts";
import { type Ctx, send } from "./api.ts";
import { erasure } from "./erasure-target.ts";
import { subscription } from "./subscription-target.ts";
import { user } from "./user-target.ts";

export const onesignal: Connector<OnesignalAccount> = {
  id: "onesignal",
  category: "other",
  apiVersion: "v1",
  account: accountSchema,
  targets: { user, subscription, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

/**
 * Asks for a user that nobody is: the key is refused or there is no such user. The app's own page wants an organisation's key.
 * App API keys have no finer scopes.
 */
async function check(ctx: Ctx): Promise<void> {
  const nobody = "/users/by/onesignal_id/00000000-0000-4000-8000-000000000000";
  await send(ctx, { method: "GET", scope: "view", path: nobody });
}
