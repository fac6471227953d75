import { createHash } from "node:crypto";
import { z } from "zod";
import type { Authentication, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a Klaviyo company. */
export const accountSchema = z.strictObject({
  base_url: z.url({ protocol: /^https?$/ }).default("https://a.klaviyo.com"),
  api_key: z.string().min(1).meta({ secret: true }),
  /** The public API key, six characters: names the company, so that a new private key keeps the ledgers. */
  company_id: z
    .string()
    .regex(/^[A-Za-z0-9]{6}$/, "the public API key: six letters and digits")
    .optional(),
  revision: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(\.\w+)?$/, "a date such as 2026-07-15")
    .default("2026-07-15"),
});

export type KlaviyoAccount = z.output<typeof accountSchema>;

export function baseUrl(account: KlaviyoAccount): string {
  return account.base_url.replace(/\/+$/, "");
}

/** Host and company. Without company_id the key's hash stands for the company: a new key then binds a new ledger. */
export function accountKey(account: KlaviyoAccount): string {
  const url = new URL(baseUrl(account));
  const hash = createHash("sha256").update(account.api_key).digest("hex").slice(0, 12);
  return `${url.host}${url.pathname === "/" ? "" : url.pathname}#${account.company_id ?? hash}`;
}

/** https://developers.klaviyo.com/en/docs/authenticate_ */
export function authenticate(account: KlaviyoAccount): Promise<Authentication> {
  return Promise.resolve({
    headers: { authorization: `Klaviyo-API-Key ${account.api_key}`, revision: account.revision },
  });
}

/**
 * Burst (a second) and steady (a minute) limits of each endpoint we call, as the API description states them
 * (x-klaviyo-ratelimit, revision 2026-07-15). https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
 */
const endpoints = {
  accounts: { burst: 1, steady: 15 },
  "lists-read": { burst: 75, steady: 750 },
  "lists-write": { burst: 10, steady: 150 },
  "list-profiles-read": { burst: 75, steady: 750 },
  "list-profiles-remove": { burst: 10, steady: 150 },
  "profiles-read": { burst: 75, steady: 750 },
  import: { burst: 10, steady: 150 },
  "import-job": { burst: 10, steady: 150 },
  "import-errors": { burst: 10, steady: 150 },
  "import-profiles": { burst: 10, steady: 150 },
  subscribe: { burst: 75, steady: 750 },
  unsubscribe: { burst: 75, steady: 750 },
  events: { burst: 10, steady: 150 },
  suppress: { burst: 75, steady: 750 },
  unsuppress: { burst: 75, steady: 750 },
  erase: { burst: 3, steady: 60 },
} as const;

export type Endpoint = keyof typeof endpoints;

/** No limit of simultaneous requests is published. */
const concurrency = 4;

export const rateLimits: readonly RateLimit[] = Object.entries(endpoints).flatMap(([name, { burst, steady }]) => [
  { scope: `${name}/s`, requests: burst, perMs: 1_000, concurrency },
  { scope: `${name}/m`, requests: steady, perMs: 60_000, concurrency },
]);

export const scopesOf = (endpoint: Endpoint): readonly string[] => [`${endpoint}/s`, `${endpoint}/m`];
