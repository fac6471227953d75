import { z } from "zod";
import { accountName, trimmedUrl } from "../account-name.ts";
import type { Authentication, HttpClient, RateLimit } from "../connector.ts";

/** `accounts.<name>` of a Marketo instance: a LaunchPoint custom service and its API-only user. */
export const accountSchema = z
  .strictObject({
    /** Default: https://<munchkin_id>.mktorest.com. Without /rest and /identity. */
    base_url: z.url({ protocol: /^https?$/ }).optional(),
    munchkin_id: z
      .string()
      .regex(/^[0-9A-Za-z]{3}-[0-9A-Za-z]{3}-[0-9A-Za-z]{3}$/, "an id such as 123-ABC-456")
      .optional(),
    client_id: z.string().min(1),
    client_secret: z.string().min(1).meta({ secret: true }),
    /** Of the 100 that all of the instance's integrations share. https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/rest-api */
    requests_per_20_seconds: z.int().min(1).max(1_000).default(80),
    /** Of the 10 that may run at the same time. */
    concurrency: z.int().min(1).max(10).default(5),
  })
  .refine((account) => (account.base_url ?? account.munchkin_id) !== undefined, {
    error: "give munchkin_id (or base_url)",
  });

export type MarketoAccount = z.output<typeof accountSchema>;

export const baseUrl = (account: MarketoAccount): string =>
  trimmedUrl(account.base_url ?? `https://${account.munchkin_id?.toLowerCase()}.mktorest.com`);

/** A host is one instance; a proxy's names it by its Munchkin id. */
export const accountKey = (account: MarketoAccount): string =>
  accountName(baseUrl(account), account.munchkin_id?.toLowerCase() ?? "instance", "");

export const rateLimits = (account: MarketoAccount): readonly RateLimit[] => [
  { scope: "api", requests: account.requests_per_20_seconds, perMs: 20_000, concurrency: account.concurrency },
];

const tokenReply = z.object({ access_token: z.string().min(1) });

/** Sign-in counts against no limit. https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/authentication */
export async function authenticate(account: MarketoAccount, http: HttpClient): Promise<Authentication> {
  const { body } = await http.request({
    method: "GET",
    path: "/identity/oauth/token",
    query: { grant_type: "client_credentials", client_id: account.client_id, client_secret: account.client_secret },
    scopes: [],
    anonymous: true,
    expect: tokenReply,
  });
  return { headers: { authorization: `Bearer ${body.access_token}` } };
}
