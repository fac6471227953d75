import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import { accountName, trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a Mailchimp account: an API key, or an OAuth token (which does not expire). */
export const accountSchema = z
  .strictObject({
    /** Default: the data centre that the API key ends with. */
    base_url: z.url({ protocol: /^https?$/ }).optional(),
    api_key: z.string().min(1).meta({ secret: true }).optional(),
    access_token: z.string().min(1).meta({ secret: true }).optional(),
    /** us6, for instance: what stands before admin.mailchimp.com in the browser. */
    data_center: z
      .string()
      .regex(/^[a-z]{2,3}\d{1,3}$/, "the data centre, such as us6")
      .optional(),
    /** Names the account, so that a new key keeps the ledgers; `check --connect` holds it against the credentials. */
    account_id: z.string().min(1).optional(),
    /**
     * Requests at once. Ten are allowed to a user, whatever else uses them included.
     * https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling
     */
    connections: z.int().min(1).max(10).default(8),
  })
  .refine((account) => (account.api_key === undefined) !== (account.access_token === undefined), {
    error: "give either api_key or access_token, and not both",
  })
  .refine((account) => account.access_token === undefined || (account.base_url ?? account.data_center) !== undefined, {
    error: "give data_center (or base_url): a token does not tell where the account is",
  });

export type MailchimpAccount = z.output<typeof accountSchema>;

/** Requests add /3.0. The key is looked at on use only: `check` also passes where its variable is not set. */
export function baseUrl(account: MailchimpAccount): string {
  if (account.base_url !== undefined) return trimmedUrl(account.base_url);
  const center = account.data_center ?? /-([a-z]{2,3}\d{1,3})$/.exec(account.api_key ?? "")?.[1];
  if (center !== undefined) return `https://${center}.api.mailchimp.com`;
  throw new ConfigError("the Mailchimp API key does not end with a data centre", {
    hint: "Use the whole key (…-us6), or give the account's `data_center`.",
  });
}

export const accountKey = (account: MailchimpAccount): string =>
  accountName(baseUrl(account), account.account_id, account.api_key ?? account.access_token ?? "");

/** Only simultaneous requests are limited; no rate is published. https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling */
export const rateLimits = (account: MailchimpAccount): readonly RateLimit[] => [
  { scope: "api", requests: 100, perMs: 1_000, concurrency: account.connections },
];

/** The user's name in basic authentication may be anything. https://mailchimp.com/developer/marketing/docs/fundamentals/#connecting-to-the-api */
export function authenticate(account: MailchimpAccount): Promise<Authentication> {
  const basic = Buffer.from(`millrace:${account.api_key}`).toString("base64");
  const authorization = account.api_key === undefined ? `Bearer ${account.access_token}` : `Basic ${basic}`;
  return Promise.resolve({ headers: { authorization } });
}
