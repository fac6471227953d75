import { z } from "zod";
import type { Connector } from "../connector.ts";
import { type ActiveCampaignAccount, accountKey, accountSchema, authenticate, baseUrl, rateLimits } from "./account.ts";
import { ask, type Ctx, idText } from "./api.ts";
import { contact } from "./contact-target.ts";
import { erasure } from "./erasure-target.ts";
import { list } from "./list-target.ts";
import { tag } from "./tag-target.ts";

export const activecampaign: Connector<ActiveCampaignAccount> = {
  id: "activecampaign",
  category: "email",
  apiVersion: "3",
  account: accountSchema,
  targets: { contact, list, tag, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

const me = z.object({ user: z.object({ id: idText }) });

/** The key's user, and that this user may read contacts: keys have no scopes of their own. */
async function check(ctx: Ctx): Promise<void> {
  await ask(ctx, { path: "/users/me", expect: me });
  await ask(ctx, {
    path: "/contacts",
    query: { email: "nobody@example.com" },
    expect: z.object({ contacts: z.array(z.unknown()) }),
  });
}
