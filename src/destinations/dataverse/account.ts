import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Authentication, HttpClient, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a Dataverse environment: an app registration with a client secret, and its application user. */
export const accountSchema = z.strictObject({
  /** The environment's own URL, such as https://contoso.crm4.dynamics.com. */
  base_url: z.url({ protocol: /^https?$/ }),
  tenant_id: z.string().regex(/^[\w.-]{1,100}$/, "a directory (tenant) id or domain"),
  client_id: z.string().min(1),
  client_secret: z.string().min(1).meta({ secret: true }),
  /** Where to sign in; other clouds have other hosts. */
  login_url: z.url({ protocol: /^https?$/ }).default("https://login.microsoftonline.com"),
  api_version: z
    .string()
    .regex(/^v\d{1,2}\.\d{1,2}$/, "a version such as v9.2")
    .default("v9.2"),
});

export type DataverseAccount = z.output<typeof accountSchema>;

const trimmed = (url: string): string => url.replace(/\/+$/, "");

export const baseUrl = (account: DataverseAccount): string => trimmed(account.base_url);
export const signInUrl = (account: DataverseAccount): string => trimmed(account.login_url);

/** An environment has a host of its own, so a new app or secret keeps the ledgers. */
export function accountKey(account: DataverseAccount): string {
  const url = new URL(baseUrl(account));
  return `${url.host}${url.pathname === "/" ? "" : url.pathname}`;
}

/**
 * 6,000 requests in five minutes and 52 at once, of each user on each web server; a batch is one request.
 * https://learn.microsoft.com/en-us/power-apps/developer/data-platform/api-limits
 */
export const rateLimits: readonly RateLimit[] = [
  { scope: "api", requests: 6_000, perMs: 300_000, concurrency: 4 },
  { scope: "burst", requests: 20, perMs: 1_000, concurrency: 4 },
];

const tokenReply = z.object({ access_token: z.string().min(1) });
const tokenRefusal = z.object({ error: z.string() });

/** https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
export async function authenticate(account: DataverseAccount, http: HttpClient): Promise<Authentication> {
  const environment = trimmed(account.base_url);
  const { body } = await http.request({
    method: "POST",
    path: `${signInUrl(account)}/${account.tenant_id}/oauth2/v2.0/token`,
    anonymous: true,
    encoding: "form",
    json: {
      grant_type: "client_credentials",
      client_id: account.client_id,
      client_secret: account.client_secret,
      scope: `${new URL(baseUrl(account)).origin}/.default`,
    },
    expect: tokenReply,
    mapError: (status, reply) => (status === 400 || status === 401 || status === 403 ? refused(reply) : undefined),
  });
  return { headers: { authorization: `Bearer ${body.access_token}` }, baseUrl: environment };
}

function refused(reply: unknown): AuthFailed {
  const read = tokenRefusal.safeParse(reply);
  const code = read.success && /^[a-z_]{1,60}$/.test(read.data.error) ? read.data.error : "unknown";
  return new AuthFailed(`Microsoft Entra refused to sign in (${code})`, {
    hint: "Check tenant_id, client_id and client_secret of the app registration; secrets expire.",
    context: { code },
  });
}
