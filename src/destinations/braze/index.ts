import { z } from "zod";
import type { Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, type BrazeAccount, baseUrl, rateLimits } from "./account.ts";
import { type Ctx, post } from "./api.ts";
import { erasure } from "./erasure-target.ts";
import { subscriptionGroup } from "./group-target.ts";
import { event, purchase } from "./happening-target.ts";
import { user } from "./user-target.ts";

export const braze: Connector<BrazeAccount> = {
  id: "braze",
  category: "email",
  apiVersion: "",
  account: accountSchema,
  targets: { user, event, purchase, subscription_group: subscriptionGroup, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

/**
 * A track request without any object: a key without users.track is refused with 401 or 403, any other with 400, because there
 * is nothing to write. Reading permissions are not asked for: most keys have none.
 */
async function check(ctx: Ctx): Promise<void> {
  await post(ctx, {
    scope: "track",
    permission: "users.track",
    path: "/users/track",
    json: {},
    accept: [400],
    expect: z.unknown(),
  });
}
