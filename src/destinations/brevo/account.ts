import { z } from "zod";
import { accountName, trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a Brevo account. */
export const accountSchema = z.strictObject({
  base_url: z.url({ protocol: /^https?$/ }).default("https://api.brevo.com"),
  api_key: z.string().min(1).meta({ secret: true }),
  /** The account's log-in address: names the account, so that a new key keeps the ledgers. */
  account_email: z.string().min(3).optional(),
  /** Of /contacts and of /events, each. General tier: 10; https://developers.brevo.com/docs/api-limits has the others. */
  requests_per_second: z.int().min(1).max(1_000).default(10),
  /** Of everything else (polling imports, the check). */
  other_requests_per_hour: z.int().min(10).max(100_000).default(100),
});

export type BrevoAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: BrevoAccount): string => trimmedUrl(account.base_url);

export const accountKey = (account: BrevoAccount): string =>
  accountName(account.base_url, account.account_email?.toLowerCase(), account.api_key);

export type Scope = "contacts" | "events" | "other";

/** https://developers.brevo.com/docs/api-limits. How many requests may run at once is not published. */
export function rateLimits(account: BrevoAccount): readonly RateLimit[] {
  const { requests_per_second: requests, other_requests_per_hour: others } = account;
  return [
    { scope: "contacts", requests, perMs: 1_000, concurrency: 5 },
    { scope: "events", requests, perMs: 1_000, concurrency: 5 },
    { scope: "other", requests: others, perMs: 3_600_000, concurrency: 2 },
  ];
}

export const authenticate = (account: BrevoAccount): Promise<Authentication> =>
  Promise.resolve({ headers: { "api-key": account.api_key } });
