import { z } from "zod";
import { accountName, trimmedUrl } from "../account-name.ts";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a Braze workspace. */
export const accountSchema = z.strictObject({
  /** Of the workspace's cluster, e.g. https://rest.fra-01.braze.eu. https://www.braze.com/docs/api/basics/#endpoints */
  base_url: z.url({ protocol: /^https?$/ }),
  api_key: z.string().min(1).meta({ secret: true }),
  /** Names the workspace, so that a new key keeps the ledgers. */
  workspace: z.string().trim().min(1).optional(),
  /** Objects of one /users/track request, all kinds together. https://www.braze.com/docs/api/api_limits/ */
  objects_per_request: z.int().min(1).max(75).default(75),
  /** Of /users/track; contracts by monthly active users have lower ones. https://www.braze.com/docs/api/api_limits/ */
  track_requests_per_3s: z.int().min(1).max(3_000).default(3_000),
});

export type BrazeAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: BrazeAccount): string => trimmedUrl(account.base_url);

export const accountKey = (account: BrazeAccount): string =>
  accountName(account.base_url, account.workspace, account.api_key);

/** https://www.braze.com/docs/api/basics/#rest-api-key */
export function authenticate(account: BrazeAccount): Promise<Authentication> {
  return Promise.resolve({ headers: { authorization: `Bearer ${account.api_key}` } });
}

/** Requests per window. https://www.braze.com/docs/api/api_limits/; what else the workspace does is left a tenth. */
const scopes = {
  delete: { requests: 18_000, perMs: 60_000 },
  subscription: { requests: 4_500, perMs: 60_000 },
  export: { requests: 225, perMs: 60_000 },
  lists: { requests: 900, perMs: 3_600_000 },
} as const;

export type Scope = keyof typeof scopes | "track";

/** How many requests may run at once is not published. */
const concurrency = 8;

export function rateLimits(account: BrazeAccount): readonly RateLimit[] {
  const track = { requests: Math.max(1, Math.floor(account.track_requests_per_3s * 0.9)), perMs: 3_000 };
  return Object.entries({ ...scopes, track }).map(([scope, rate]) => ({ scope, ...rate, concurrency }));
}
