import { z } from "zod";
import { trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a Customer.io workspace. */
export const accountSchema = z.strictObject({
  /** https://track-eu.customer.io for workspaces in the EU. */
  base_url: z.url({ protocol: /^https?$/ }).default("https://track.customer.io"),
  /** Names the workspace's credentials, and with them the ledger. */
  site_id: z.string().trim().min(1),
  /** Of the Track API. https://customer.io/docs/accounts-and-workspaces/managing-credentials/ */
  api_key: z.string().min(1).meta({ secret: true }),
  /** "Fair use": https://customer.io/docs/api/track/#section/Track-API-limits */
  requests_per_s: z.int().min(1).max(1_000).default(100),
});

export type CustomerioAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: CustomerioAccount): string => trimmedUrl(account.base_url);

export function accountKey(account: CustomerioAccount): string {
  const url = new URL(baseUrl(account));
  return `${url.host}${url.pathname === "/" ? "" : url.pathname}#${account.site_id}`;
}

export function authenticate(account: CustomerioAccount): Promise<Authentication> {
  const basic = Buffer.from(`${account.site_id}:${account.api_key}`).toString("base64");
  return Promise.resolve({ headers: { authorization: `Basic ${basic}` } });
}

/** The published rate less a tenth for what the workspace does besides; how many requests may run at once is not published. */
export function rateLimits(account: CustomerioAccount): readonly RateLimit[] {
  const requests = Math.max(1, Math.floor(account.requests_per_s * 0.9));
  return [{ scope: "track", requests, perMs: 1_000, concurrency: 4 }];
}
