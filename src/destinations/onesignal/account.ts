import { z } from "zod";
import { trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a OneSignal app. */
export const accountSchema = z.strictObject({
  base_url: z.url({ protocol: /^https?$/ }).default("https://api.onesignal.com"),
  /** Names the app, and with it the ledger. */
  app_id: z.string().trim().min(1),
  /** App API key. https://documentation.onesignal.com/docs/keys-and-ids */
  api_key: z.string().min(1).meta({ secret: true }),
  /** https://documentation.onesignal.com/reference/rate-limits */
  requests_per_s: z.int().min(1).max(1_000).default(1_000),
});

export type OnesignalAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: OnesignalAccount): string => trimmedUrl(account.base_url);

export function accountKey(account: OnesignalAccount): string {
  const url = new URL(baseUrl(account));
  return `${url.host}${url.pathname === "/" ? "" : url.pathname}#${account.app_id}`;
}

export function authenticate(account: OnesignalAccount): Promise<Authentication> {
  return Promise.resolve({ headers: { authorization: `Key ${account.api_key}` } });
}

export type Scope = "users" | "view";

/** Rows of a batch that are on their way at once; no figure of simultaneous requests is published. */
export const width = 8;

/** Writing 1,000 a second, viewing one. https://documentation.onesignal.com/reference/rate-limits */
export function rateLimits(account: OnesignalAccount): readonly RateLimit[] {
  const requests = Math.max(1, Math.floor(account.requests_per_s * 0.9));
  return [
    { scope: "users", requests, perMs: 1_000, concurrency: 2 * width },
    { scope: "view", requests: 1, perMs: 1_000, concurrency: 1 },
  ];
}
