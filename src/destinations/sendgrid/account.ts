import { z } from "zod";
import { accountName, trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a SendGrid account or subuser. */
export const accountSchema = z.strictObject({
  /** Regional subusers of the EU: https://api.eu.sendgrid.com */
  base_url: z.url({ protocol: /^https?$/ }).default("https://api.sendgrid.com"),
  api_key: z.string().min(1).meta({ secret: true }),
  /** Any name for the account: lets you replace the key and keep the ledgers. */
  account_name: z.string().min(1).optional(),
  /** A parent account acts for this subuser. https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/on-behalf-of-subuser */
  subuser: z.string().min(1).optional(),
  /** No figure is published, but for erasure: conservative. */
  requests_per_second: z.int().min(1).max(600).default(3),
});

export type SendgridAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: SendgridAccount): string => trimmedUrl(account.base_url);

export function accountKey(account: SendgridAccount): string {
  const name = accountName(account.base_url, account.account_name, account.api_key);
  return account.subuser === undefined ? name : `${name}/${account.subuser}`;
}

/** https://www.twilio.com/docs/sendgrid/api-reference/recipients-data-erasure/erase-recipients-email-data: a hundred a minute. */
export const rateLimits = (account: SendgridAccount): readonly RateLimit[] => [
  { scope: "api", requests: account.requests_per_second, perMs: 1_000, concurrency: 3 },
  { scope: "erasure", requests: 100, perMs: 60_000, concurrency: 1 },
];

export function authenticate(account: SendgridAccount): Promise<Authentication> {
  const subuser = account.subuser === undefined ? {} : { "on-behalf-of": account.subuser };
  return Promise.resolve({ headers: { authorization: `Bearer ${account.api_key}`, ...subuser } });
}
