import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, baseUrl, type HubspotAccount, rateLimits } from "./account.ts";
import { type Ctx, callJson } from "./api.ts";
import { association } from "./association-target.ts";
import { erasure } from "./erasure-target.ts";
import { event } from "./event-target.ts";
import { list } from "./list-target.ts";
import { accountInfoPath, objectsPath } from "./paths.ts";
import { record } from "./record-target.ts";
import { subscription } from "./subscription-target.ts";

export const hubspot: Connector<HubspotAccount> = {
  id: "hubspot",
  category: "crm",
  apiVersion: "v3",
  account: accountSchema,
  targets: { record, list, association, subscription, event, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

const details = z.object({ portalId: z.union([z.string(), z.number()]).transform(String) });
const page = z.object({ results: z.array(z.unknown()) });

/** The account's number and one contact: two reads. Write scopes cannot be tried without writing. */
async function check(ctx: Ctx): Promise<void> {
  const { body } = await callJson(ctx, { method: "GET", path: accountInfoPath, scope: "oauth", expect: details });
  await callJson(ctx, {
    method: "GET",
    path: objectsPath(ctx.account, "contacts"),
    query: { limit: 1 },
    scope: "crm.objects.contacts.read",
    expect: page,
  });
  if (ctx.account.portal_id === undefined || ctx.account.portal_id === body.portalId) return;
  throw new AuthFailed("the credentials belong to another HubSpot account than portal_id says", {
    hint: "Put the account's Hub ID into portal_id, or the right token into the account.",
  });
}
