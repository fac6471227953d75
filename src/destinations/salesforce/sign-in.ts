import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Row } from "../../core/value.ts";
import type { Authentication, HttpClient } from "../connector.ts";
import { baseUrl, type SalesforceAccount } from "./account.ts";

const tokenReply = z.object({ access_token: z.string().min(1), instance_url: z.string().min(1) });
const tokenRefusal = z.object({ error: z.string() });

/**
 * As long as Salesforce's own assertions live by default, which leaves room for clocks that differ a little.
 * https://developer.salesforce.com/docs/platform/named-credentials/references/named-credentials-reference/jwt-claims.html
 */
const assertionLivesMs = 120_000;

/** A token by the flow that the account is made for. https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_endpoints.htm */
export async function authenticate(
  account: SalesforceAccount,
  http: HttpClient,
  clock: Clock,
): Promise<Authentication> {
  const reply = await http.request({
    method: "POST",
    path: "/services/oauth2/token",
    anonymous: true,
    encoding: "form",
    json: grant(account, clock),
    expect: tokenReply,
    mapError: (status, body) =>
      status === 400 || status === 401 || status === 403 ? refused(body, account) : undefined,
  });
  return {
    headers: { authorization: `Bearer ${reply.body.access_token}` },
    baseUrl: reply.body.instance_url.replace(/\/+$/, ""),
  };
}

function grant(account: SalesforceAccount, clock: Clock): Row {
  const { client_id, client_secret = "", refresh_token, private_key, user } = account;
  if (refresh_token !== undefined) return { grant_type: "refresh_token", refresh_token, client_id, client_secret };
  if (private_key === undefined || user === undefined) {
    return { grant_type: "client_credentials", client_id, client_secret };
  }
  const claims = {
    iss: client_id,
    sub: user,
    aud: account.audience ?? loginHost(account),
    exp: Math.floor((clock.now().getTime() + assertionLivesMs) / 1_000),
  };
  return {
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: signedAssertion(claims, rsaKey(private_key)),
  };
}

/** https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm: only RS256 is taken. */
export function signedAssertion(claims: Row, key: KeyObject): string {
  const encoded = [{ alg: "RS256" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const text = encoded.join(".");
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), key).toString("base64url")}`;
}

/** Sandboxes of an organisation sign in at a host of their own. */
function loginHost(account: SalesforceAccount): string {
  const { hostname } = new URL(baseUrl(account));
  const isSandbox = hostname === "test.salesforce.com" || hostname.endsWith(".sandbox.my.salesforce.com");
  return `https://${isSandbox ? "test" : "login"}.salesforce.com`;
}

function rsaKey(pem: string): KeyObject {
  const key = readKey(pem);
  if (key?.asymmetricKeyType === "rsa") return key;
  throw new AuthFailed("private_key is no RSA key in PEM", {
    hint: "Give the whole text from -----BEGIN PRIVATE KEY----- to its END line, without a passphrase.",
  });
}

/** Keys in environment variables often have their line breaks as two characters. */
function readKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem.replaceAll("\\n", "\n"));
  } catch {
    return null;
  }
}

function refused(body: unknown, account: SalesforceAccount): AuthFailed {
  const reply = tokenRefusal.safeParse(body);
  const code = reply.success && /^[a-z_]{1,60}$/.test(reply.data.error) ? reply.data.error : "unknown";
  return new AuthFailed(`Salesforce refused to sign in (${code})`, {
    hint: signInHint(code, account),
    context: { code },
  });
}

function signInHint(code: string, account: SalesforceAccount): string {
  if (code === "invalid_client_id" || code === "invalid_client")
    return "Check client_id and client_secret of the connected app, and that base_url is the organisation they belong to.";
  if (code === "unsupported_grant_type" || code === "invalid_request")
    return "The client-credentials flow needs the organisation's My Domain URL as base_url, and must be enabled in the connected app.";
  if (code === "invalid_grant" && account.refresh_token === undefined && account.private_key !== undefined)
    return "Check user, audience and this machine's clock, that the connected app has the certificate of private_key, and that it is pre-authorised for the user's profile.";
  if (code === "invalid_grant")
    return "The refresh token was revoked, or the app has no user to run as: allow the app again, or set the flow's user.";
  return "Check the connected app's OAuth settings: the flow must be enabled and have the scope `api`.";
}
