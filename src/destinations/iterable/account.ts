import { z } from "zod";
import { accountName, trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of an Iterable project. */
export const accountSchema = z.strictObject({
  /** https://api.eu.iterable.com for projects of the European data centre. */
  base_url: z.url({ protocol: /^https?$/ }).default("https://api.iterable.com"),
  /** Of the type "Server-side". https://support.iterable.com/hc/articles/360043464871 */
  api_key: z.string().min(1).meta({ secret: true }),
  /** Names the project, so that a new key keeps the ledgers. */
  project: z.string().trim().min(1).optional(),
  /** Rows of one bulk request. Iterable publishes bytes only (4 MB). */
  rows_per_request: z.int().min(1).max(1_000).default(1_000),
  /** Of lists/subscribe and lists/unsubscribe, for which no rate is published. */
  list_requests_per_s: z.int().min(1).max(50).default(5),
});

export type IterableAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: IterableAccount): string => trimmedUrl(account.base_url);

export const accountKey = (account: IterableAccount): string =>
  accountName(account.base_url, account.project, account.api_key);

export function authenticate(account: IterableAccount): Promise<Authentication> {
  return Promise.resolve({ headers: { "api-key": account.api_key } });
}

/** Requests a second of each endpoint, per project. https://api.iterable.com/api/docs */
const rates = { "bulk-update": 5, "track-bulk": 10, delete: 100, forget: 3, fields: 3, lists: 100 } as const;

export type Scope = keyof typeof rates | "members";

/** How many requests may run at once is not published. */
const concurrency = 4;

export function rateLimits(account: IterableAccount): readonly RateLimit[] {
  const all = { ...rates, members: account.list_requests_per_s };
  return Object.entries(all).map(([scope, requests]) => ({ scope, requests, perMs: 1_000, concurrency }));
}
