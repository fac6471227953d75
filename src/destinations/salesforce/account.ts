import { createHash } from "node:crypto";
import { z } from "zod";
import type { RateLimit } from "../connector.ts";

/**
 * The daily allowance belongs to the whole organisation; this share of it is left to everybody else.
 * https://developer.salesforce.com/docs/platform/salesforce-app-limits-cheatsheet/guide/salesforce-app-limits-platform-api.html
 */
const share = z.union([
  z.number().min(0).max(0.95),
  z
    .string()
    .regex(/^([0-8]?\d|9[0-5])%$/, "a share such as 10%")
    .transform((text) => Number.parseInt(text, 10) / 100),
]);

/**
 * `accounts.<name>` of a Salesforce organisation. What is there chooses the flow, in this order: refresh_token; user and
 * private_key (JWT bearer); client_secret alone (client credentials, which needs the organisation's own My Domain URL).
 */
const accountShape = z.strictObject({
  base_url: z.url({ protocol: /^https?$/ }).default("https://login.salesforce.com"),
  client_id: z.string().min(1),
  client_secret: z.string().min(1).meta({ secret: true }).optional(),
  refresh_token: z.string().min(1).meta({ secret: true }).optional(),
  /** The user to act as, in the JWT bearer flow: their username. */
  user: z.string().min(1).optional(),
  /** RSA key in PEM, whose certificate the connected app has; line breaks may be written as \\n. */
  private_key: z.string().min(1).meta({ secret: true }).optional(),
  /** Who is to accept the assertion; default: the login host of production, or of sandboxes where base_url is one. */
  audience: z.url({ protocol: /^https?$/ }).optional(),
  api_version: z
    .string()
    .regex(/^v\d{2,3}\.0$/, "a version such as v62.0")
    .default("v62.0"),
  daily_reserve: share.default(0.1),
});

export const accountSchema = accountShape.superRefine((account, ctx) => {
  const missing = (path: string, message: string) => ctx.addIssue({ code: "custom", path: [path], message });
  if (
    account.client_secret === undefined &&
    (account.private_key === undefined || account.refresh_token !== undefined)
  ) {
    missing("client_secret", "needed to sign in, unless there are user and private_key");
  }
  if (account.private_key !== undefined && account.user === undefined) {
    missing("user", "the JWT bearer flow needs the username to act as");
  }
});

export type SalesforceAccount = z.output<typeof accountSchema>;

export function baseUrl(account: SalesforceAccount): string {
  return account.base_url.replace(/\/+$/, "");
}

/** Host and connected app: a client id belongs to one organisation, and survives a new secret. */
export function accountKey(account: SalesforceAccount): string {
  const url = new URL(baseUrl(account));
  const app = createHash("sha256").update(account.client_id).digest("hex").slice(0, 12);
  return `${url.host}${url.pathname === "/" ? "" : url.pathname}#${app}`;
}

/**
 * No rate is published; requests of 20 s and more may run 5 at once in a trial organisation and 25 in production.
 * https://developer.salesforce.com/docs/platform/salesforce-app-limits-cheatsheet/guide/salesforce-app-limits-platform-api.html
 */
export const rateLimits: readonly RateLimit[] = [{ scope: "api", requests: 50, perMs: 1_000, concurrency: 5 }];
