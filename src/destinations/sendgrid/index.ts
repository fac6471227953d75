import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Connector } from "../connector.ts";
import { accountKey, accountSchema, authenticate, baseUrl, rateLimits, type SendgridAccount } from "./account.ts";
import { ask, type Ctx } from "./api.ts";
import { contact } from "./contact-target.ts";
import { erasure } from "./erasure-target.ts";
import { list } from "./list-target.ts";
import { suppression } from "./suppression-target.ts";

export const sendgrid: Connector<SendgridAccount> = {
  id: "sendgrid",
  category: "email",
  apiVersion: "v3",
  account: accountSchema,
  targets: { contact, list, suppression, erasure },
  accountKey,
  baseUrl,
  limits: rateLimits,
  authenticate,
  check,
};

const scopes = z.object({ scopes: z.array(z.string()) });
const definitions = z.object({});

/** The key's permissions and the field definitions: two reads. https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions */
async function check(ctx: Ctx): Promise<void> {
  const { body } = await ask(ctx, { path: "/v3/scopes", scope: "any", expect: scopes });
  if (!body.scopes.some((scope) => scope.startsWith("marketing"))) {
    throw new AuthFailed("the API key has no permission for marketing", {
      hint: "Give the API key full access to Marketing, and to Suppressions and Recipients Data Erasure where a sync uses them.",
      context: { scope: "marketing" },
    });
  }
  await ask(ctx, { path: "/v3/marketing/field_definitions", scope: "marketing.read", expect: definitions });
}
