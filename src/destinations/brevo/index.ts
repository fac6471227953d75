import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, type BrevoAccount, baseUrl, rateLimits } from "./account.ts";
import { ask, type Ctx } from "./api.ts";
import { contact } from "./contact-target.ts";
import { erasure } from "./erasure-target.ts";
import { event } from "./event-target.ts";
import { list } from "./list-target.ts";

export const brevo: Connector<BrevoAccount> = {
  id: "brevo",
  category: "email",
  apiVersion: "v3",
  account: accountSchema,
  targets: { contact, list, event, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

const account = z.object({ email: z.string() });

/** Whose key it is: one read. Keys have no scopes; what the plan allows shows on use. */
async function check(ctx: Ctx): Promise<void> {
  const { body } = await ask(ctx, { path: "/account", expect: account });
  const wanted = ctx.account.account_email?.toLowerCase();
  if (wanted === undefined || wanted === body.email.toLowerCase()) return;
  throw new AuthFailed("the key belongs to another Brevo account than account_email says", {
    hint: "Put the account's log-in address into account_email, or the right key into the account.",
  });
}
