import { z } from "zod";
import { accountName, trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a Zendesk account: an API token of a user, or an OAuth access token. */
export const accountSchema = z
  .strictObject({
    /** Default: https://<subdomain>.zendesk.com */
    base_url: z.url({ protocol: /^https?$/ }).optional(),
    subdomain: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "what stands before .zendesk.com")
      .optional(),
    /** Whose api_token it is. */
    email: z.string().min(3).optional(),
    api_token: z.string().min(1).meta({ secret: true }).optional(),
    access_token: z.string().min(1).meta({ secret: true }).optional(),
    /**
     * Team has 200, Professional 400, Enterprise 700: careful.
     * https://developer.zendesk.com/api-reference/introduction/rate-limits/
     */
    requests_per_minute: z.int().min(10).max(10_000).default(200),
  })
  .refine((account) => (account.base_url ?? account.subdomain) !== undefined, {
    error: "give subdomain (or base_url)",
  })
  .refine(
    (account) =>
      (account.access_token === undefined) !== (account.api_token === undefined) &&
      (account.api_token === undefined) === (account.email === undefined),
    { error: "give either email and api_token, or access_token" },
  );

export type ZendeskAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: ZendeskAccount): string =>
  trimmedUrl(account.base_url ?? `https://${account.subdomain}.zendesk.com`);

/** A host is one account; a proxy's names the account by its subdomain. */
export const accountKey = (account: ZendeskAccount): string =>
  accountName(baseUrl(account), account.subdomain ?? "account", "");

/** Nine tenths of the account's rate; permanent deletions have one of their own. https://developer.zendesk.com/api-reference/ticketing/users/users/#permanently-delete-user */
export const rateLimits = (account: ZendeskAccount): readonly RateLimit[] => [
  { scope: "api", requests: Math.floor(account.requests_per_minute * 0.9), perMs: 60_000, concurrency: 4 },
  { scope: "erasure", requests: 700, perMs: 600_000, concurrency: 4 },
];

/** https://developer.zendesk.com/api-reference/introduction/security-and-auth/ */
export function authenticate(account: ZendeskAccount): Promise<Authentication> {
  const basic = Buffer.from(`${account.email}/token:${account.api_token}`).toString("base64");
  const authorization = account.access_token === undefined ? `Basic ${basic}` : `Bearer ${account.access_token}`;
  return Promise.resolve({ headers: { authorization } });
}
