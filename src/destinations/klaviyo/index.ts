import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Connector } from "../connector.ts";
import {
  accountKey,
  accountSchema,
  authenticate,
  baseUrl,
  type Endpoint,
  type KlaviyoAccount,
  rateLimits,
} from "./account.ts";
import { type Ctx, getJson } from "./api.ts";
import { erasure } from "./erasure-target.ts";
import { event } from "./event-target.ts";
import { list } from "./list-target.ts";
import { profile } from "./profile-target.ts";
import { subscription } from "./subscription-target.ts";
import { suppression } from "./suppression-target.ts";

export const klaviyo: Connector<KlaviyoAccount> = {
  id: "klaviyo",
  category: "email",
  apiVersion: "2026-07-15",
  account: accountSchema,
  targets: { list, profile, subscription, event, suppression, erasure },
  accountKey,
  baseUrl,
  limits: () => rateLimits,
  authenticate,
  check,
};

const page = z.object({ data: z.array(z.object({ id: z.string() })) });

/** One small read per readable scope. Write scopes cannot be tried without writing. */
async function check(ctx: Ctx): Promise<void> {
  const read = (endpoint: Endpoint, scope: string, path: string, query: Record<string, string | number>) =>
    getJson(ctx, { endpoint, scope, path, query, expect: page });
  await read("lists-read", "lists:read", "/api/lists", { "page[size]": 1 });
  await read("profiles-read", "profiles:read", "/api/profiles", { "page[size]": 1, "fields[profile]": "created" });
  if (ctx.account.company_id === undefined) return;
  const accounts = await read("accounts", "accounts:read", "/api/accounts", { "fields[account]": "public_api_key" });
  const [company] = accounts.body.data;
  if (company?.id === ctx.account.company_id) return;
  throw new AuthFailed("the api_key belongs to another company than company_id says", {
    hint: "Put the public API key of the same company into company_id, or the right private key into api_key.",
  });
}
