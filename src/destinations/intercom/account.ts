import { z } from "zod";
import { accountName, trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of an Intercom workspace. */
export const accountSchema = z.strictObject({
  /** https://api.eu.intercom.io and https://api.au.intercom.io for workspaces hosted there. */
  base_url: z.url({ protocol: /^https?$/ }).default("https://api.intercom.io"),
  access_token: z.string().min(1).meta({ secret: true }),
  /** The workspace's id (app id): names it, so that a new token keeps the ledgers. */
  workspace_id: z.string().trim().min(1).optional(),
  /** Of the app. No figure could be verified: https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting */
  requests_per_minute: z.int().min(6).max(25_000).default(1_000),
});

export type IntercomAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: IntercomAccount): string => trimmedUrl(account.base_url);

export const accountKey = (account: IntercomAccount): string =>
  accountName(account.base_url, account.workspace_id, account.access_token);

export const apiVersion = "2.16";

export function authenticate(account: IntercomAccount): Promise<Authentication> {
  return Promise.resolve({
    headers: { authorization: `Bearer ${account.access_token}`, "intercom-version": apiVersion },
  });
}

/** Rows that are on their way at once within a batch; no figure of simultaneous requests is published. */
export const width = 4;

/** Intercom spreads the minute over windows of ten seconds. */
export function rateLimits(account: IntercomAccount): readonly RateLimit[] {
  return [
    { scope: "api", requests: Math.max(1, Math.floor(account.requests_per_minute / 6)), perMs: 10_000, concurrency: 8 },
  ];
}
