import { createHash } from "node:crypto";
import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Authentication, HttpClient, RateLimit } from "../connector.ts";

/**
 * The daily allowance belongs to the whole organisation; this share of it is left to everybody else.
 * https://developer.salesforce.com/docs/platform/salesforce-app-limits-cheatsheet/guide/salesforce-app-limits-platform-api.html
 */
const share = z.union([
  z.number().min(0).max(0.95),
  z
    .string()
    .regex(/^([0-8]?\d|9[0-5])%$/, "a share such as 10%")
    .transform((text) => Number.parseInt(text, 10) / 100),
]);

/** `accounts.<name>` of a Salesforce organisation. The client-credentials grant needs the organisation's own My Domain URL. */
export const accountSchema = z.strictObject({
  base_url: z.url({ protocol: /^https?$/ }).default("https://login.salesforce.com"),
  client_id: z.string().min(1),
  client_secret: z.string().min(1).meta({ secret: true }),
  refresh_token: z.string().min(1).meta({ secret: true }).optional(),
  api_version: z
    .string()
    .regex(/^v\d{2,3}\.0$/, "a version such as v62.0")
    .default("v62.0"),
  daily_reserve: share.default(0.1),
});

export type SalesforceAccount = z.output<typeof accountSchema>;

export function baseUrl(account: SalesforceAccount): string {
  return account.base_url.replace(/\/+$/, "");
}

/** Host and connected app: a client id belongs to one organisation, and survives a new secret. */
export function accountKey(account: SalesforceAccount): string {
  const url = new URL(baseUrl(account));
  const app = createHash("sha256").update(account.client_id).digest("hex").slice(0, 12);
  return `${url.host}${url.pathname === "/" ? "" : url.pathname}#${app}`;
}

/**
 * No rate is published; requests of 20 s and more may run 5 at once in a trial organisation and 25 in production.
 * https://developer.salesforce.com/docs/platform/salesforce-app-limits-cheatsheet/guide/salesforce-app-limits-platform-api.html
 */
export const rateLimits: readonly RateLimit[] = [{ scope: "api", requests: 50, perMs: 1_000, concurrency: 5 }];

const tokenReply = z.object({ access_token: z.string().min(1), instance_url: z.string().min(1) });
const tokenRefusal = z.object({ error: z.string() });

/** Client credentials, or a refresh token where there is one. https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_endpoints.htm */
export async function authenticate(account: SalesforceAccount, http: HttpClient): Promise<Authentication> {
  const client = { client_id: account.client_id, client_secret: account.client_secret };
  const reply = await http.request({
    method: "POST",
    path: "/services/oauth2/token",
    anonymous: true,
    encoding: "form",
    json:
      account.refresh_token === undefined
        ? { grant_type: "client_credentials", ...client }
        : { grant_type: "refresh_token", refresh_token: account.refresh_token, ...client },
    expect: tokenReply,
    mapError: (status, body) => (status === 400 || status === 401 || status === 403 ? refused(body) : undefined),
  });
  return {
    headers: { authorization: `Bearer ${reply.body.access_token}` },
    baseUrl: reply.body.instance_url.replace(/\/+$/, ""),
  };
}

function refused(body: unknown): AuthFailed {
  const reply = tokenRefusal.safeParse(body);
  const code = reply.success && /^[a-z_]{1,60}$/.test(reply.data.error) ? reply.data.error : "unknown";
  return new AuthFailed(`Salesforce refused to sign in (${code})`, { hint: signInHint(code), context: { code } });
}

function signInHint(code: string): string {
  if (code === "invalid_client_id" || code === "invalid_client")
    return "Check client_id and client_secret of the connected app, and that base_url is the organisation they belong to.";
  if (code === "unsupported_grant_type" || code === "invalid_request")
    return "The client-credentials flow needs the organisation's My Domain URL as base_url, and must be enabled in the connected app.";
  if (code === "invalid_grant")
    return "The refresh token was revoked, or the app has no user to run as: allow the app again, or set the flow's user.";
  return "Check the connected app's OAuth settings: the flow must be enabled and have the scope `api`.";
}
