import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { AccountCtx, Connector } from "../connector.ts";
import { accountKey, accountSchema, baseUrl, rateLimits, type SalesforceAccount } from "./account.ts";
import { callJson } from "./api.ts";
import { campaignMember } from "./campaign-member.ts";
import { erasure } from "./erasure.ts";
import { record } from "./record.ts";
import { authenticate } from "./sign-in.ts";

const limitsReply = z.object({ DailyApiRequests: z.object({ Max: z.number(), Remaining: z.number() }) });

export const salesforce: Connector<SalesforceAccount> = {
  id: "salesforce",
  category: "crm",
  apiVersion: "v62.0",
  account: accountSchema,
  targets: { record, campaign_member: campaignMember, erasure },
  accountKey,
  baseUrl,
  limits: () => rateLimits,
  authenticate,
  check,
};

/** Signs in and reads the limits, which is the cheapest proof that the scope `api` is there. */
async function check(ctx: AccountCtx<SalesforceAccount>): Promise<void> {
  await callJson(ctx, {
    method: "GET",
    path: "/limits",
    expect: limitsReply,
    mapError: (status) => (status === 401 || status === 403 ? missingScope(status) : undefined),
  });
}

function missingScope(status: number): AuthFailed {
  return new AuthFailed(`Salesforce signed in but answered ${status} to GET /limits`, {
    hint: "Give the connected app the OAuth scope `api` (Manage user data via APIs), and the integration user the permissions `API Enabled` and `View Setup and Configuration`.",
    context: { status, scope: "api" },
  });
}
