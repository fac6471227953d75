import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, baseUrl, rateLimits, type ZendeskAccount } from "./account.ts";
import { ask, type Ctx } from "./api.ts";
import { erasure } from "./erasure-target.ts";
import { organization } from "./organization-target.ts";
import { user } from "./user-target.ts";

export const zendesk: Connector<ZendeskAccount> = {
  id: "zendesk",
  category: "crm",
  apiVersion: "v2",
  account: accountSchema,
  targets: { user, organization, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

const me = z.object({ user: z.object({ id: z.number().nullish(), role: z.string().nullish() }) });

/** Who the credentials are: one read. Zendesk answers it for strangers, too, with a user without an id. */
async function check(ctx: Ctx): Promise<void> {
  const { body } = await ask(ctx, { path: "/users/me", expect: me });
  const { id, role } = body.user;
  if (id == null) {
    throw new AuthFailed("Zendesk does not know the credentials", {
      hint: "Check email and api_token (token access must be on under Admin Center > Apps and integrations > APIs), or access_token.",
    });
  }
  if (role === "admin" || role === "agent") return;
  throw new AuthFailed("the credentials are an end user's, who may not manage users", {
    hint: "Use those of an admin, or of an agent with a role that manages users and organizations.",
    context: { role: role ?? null },
  });
}
