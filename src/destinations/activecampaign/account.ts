import { z } from "zod";
import { accountName, trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of an ActiveCampaign account. */
export const accountSchema = z.strictObject({
  /** Settings > Developer: https://<account>.api-us1.com. Names the account, so that a new key keeps the ledgers. */
  base_url: z.url({ protocol: /^https?$/ }),
  /** A user's own key: it may do what the user may. */
  api_key: z.string().min(1).meta({ secret: true }),
  /** https://developers.activecampaign.com/reference/rate-limits */
  requests_per_second: z.int().min(1).max(1_000).default(5),
});

export type ActiveCampaignAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: ActiveCampaignAccount): string => trimmedUrl(account.base_url);

export const accountKey = (account: ActiveCampaignAccount): string => accountName(account.base_url, "account", "");

/** "Up to 100 imports may be requested per minute": so the description's example of a refused import. How many may run at once is not published. */
const importsPerMinute = 100;

export const rateLimits = (account: ActiveCampaignAccount): readonly RateLimit[] => [
  { scope: "api", requests: account.requests_per_second, perMs: 1_000, concurrency: 5 },
  { scope: "imports", requests: importsPerMinute, perMs: 60_000, concurrency: 2 },
];

/** https://developers.activecampaign.com/reference/authentication */
export const authenticate = (account: ActiveCampaignAccount): Promise<Authentication> =>
  Promise.resolve({ headers: { "api-token": account.api_key } });
