import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { AccountCtx, Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, baseUrl, type CustomerioAccount, rateLimits } from "./account.ts";
import { erasure } from "./erasure-target.ts";
import { requestError } from "./errors.ts";
import { event } from "./event-target.ts";
import { person } from "./person-target.ts";
import { segment } from "./segment-target.ts";

export const customerio: Connector<CustomerioAccount> = {
  id: "customerio",
  category: "email",
  apiVersion: "v2",
  account: accountSchema,
  targets: { person, segment, event, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

const region = z.object({ url: z.string().nullish(), region: z.string().nullish() });

/** Asks for the credentials' region, and holds it against base_url where that is one of Customer.io's own. Credentials have no finer scopes. */
async function check(ctx: AccountCtx<CustomerioAccount>): Promise<void> {
  const { body } = await ctx.http.request({
    method: "GET",
    path: "/api/v1/accounts/region",
    expect: region,
    mapError: requestError,
  });
  const ours = new URL(baseUrl(ctx.account)).host;
  const theirs = URL.parse(body.url ?? "")?.host;
  if (theirs === undefined || ours === theirs || !/(^|\.)customer\.io$/.test(ours)) return;
  throw new AuthFailed(`the workspace is in another region than base_url says: ${theirs}`, {
    hint: `Set base_url to https://${theirs}.`,
  });
}
