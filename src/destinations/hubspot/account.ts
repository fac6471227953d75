import { createHash } from "node:crypto";
import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Authentication, HttpClient, RateLimit } from "../connector.ts";

const oauthSchema = z.strictObject({
  client_id: z.string().min(1),
  client_secret: z.string().min(1).meta({ secret: true }),
  refresh_token: z.string().min(1).meta({ secret: true }),
});

/** `accounts.<name>` of a HubSpot account (portal): a private app's token, or an OAuth app that it has installed. */
export const accountSchema = z
  .strictObject({
    base_url: z.url({ protocol: /^https?$/ }).default("https://api.hubapi.com"),
    access_token: z.string().min(1).meta({ secret: true }).optional(),
    oauth: oauthSchema.optional(),
    /** The account's number (Hub ID): names the account, so that a new token keeps the ledgers. */
    portal_id: z.coerce
      .string()
      .regex(/^\d{1,15}$/, "the Hub ID: a number")
      .optional(),
    /** `v3` is what the published clients speak; a date such as 2026-03 is the newer way to name a version. */
    api_version: z
      .string()
      .regex(/^(v3|\d{4}-\d{2})$/, "v3, or a dated version such as 2026-03")
      .default("v3"),
    /**
     * Free and Starter accounts have 100, Professional and Enterprise 190, with the API limit increase 250.
     * https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
     */
    requests_per_10s: z.int().min(1).max(1_000).default(100),
  })
  .refine((account) => (account.access_token === undefined) !== (account.oauth === undefined), {
    error: "give either access_token (a private app) or oauth, and not both",
  });

export type HubspotAccount = z.output<typeof accountSchema>;

export function baseUrl(account: HubspotAccount): string {
  return account.base_url.replace(/\/+$/, "");
}

/** Host and portal. Without portal_id a hash of the credentials stands for it: new credentials then bind a new ledger. */
export function accountKey(account: HubspotAccount): string {
  const url = new URL(baseUrl(account));
  const credential = account.access_token ?? `${account.oauth?.client_id}:${account.oauth?.refresh_token}`;
  const hash = createHash("sha256").update(credential).digest("hex").slice(0, 12);
  return `${url.host}${url.pathname === "/" ? "" : url.pathname}#${account.portal_id ?? hash}`;
}

/**
 * The burst limit of the whole app, less a tenth for what it does besides. How many requests may run at once is not
 * published. https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
 */
export function rateLimits(account: HubspotAccount): readonly RateLimit[] {
  const requests = Math.max(1, Math.floor(account.requests_per_10s * 0.9));
  return [{ scope: "api", requests, perMs: 10_000, concurrency: 4 }];
}

const tokenReply = z.object({ access_token: z.string().min(1) });

/** A private app's token does not expire; OAuth tokens live half an hour. https://developers.hubspot.com/docs/api-reference/auth-oauth-v1/guide */
export async function authenticate(account: HubspotAccount, http: HttpClient): Promise<Authentication> {
  if (account.oauth === undefined) return bearer(account.access_token ?? "");
  const { body } = await http.request({
    method: "POST",
    path: "/oauth/v1/token",
    anonymous: true,
    encoding: "form",
    json: { grant_type: "refresh_token", ...account.oauth },
    expect: tokenReply,
    mapError: (status) => (status === 400 || status === 401 || status === 403 ? refused(status) : undefined),
  });
  return bearer(body.access_token);
}

const bearer = (token: string): Authentication => ({ headers: { authorization: `Bearer ${token}` } });

function refused(status: number): AuthFailed {
  return new AuthFailed(`HubSpot refused the refresh token (${status})`, {
    hint: "Check oauth.client_id and oauth.client_secret, and install the app in the account again for a new refresh_token.",
    context: { status },
  });
}
