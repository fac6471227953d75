import { randomBytes, verify } from "node:crypto";
import { z } from "zod";
import { json, parseJson, violated } from "../core/answers.ts";
import { shifted } from "../core/instants.ts";
import type { Answer, Call } from "../core/platform.ts";
import { fault } from "./errors.ts";
import type { Org } from "./org.ts";

const JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const USER_ID = "005SB0000000001AAA";
const ORG_ID = "00DSB0000000001EAA";

// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm
const AUDIENCES = ["https://login.salesforce.com", "https://test.salesforce.com"];
// No figure is published; three minutes is what its clocks are said to bear.
const MAX_ASSERTION_SECONDS = 180;

const head = z.object({ alg: z.literal("RS256") });
const claims = z.object({ iss: z.string(), sub: z.string(), aud: z.string(), exp: z.number() });

export interface SignIn {
  token(call: Call): Answer;
  /** The answer for a caller without a living session; undefined: go on. */
  guard(call: Call): Answer | undefined;
  userInfo(call: Call): Answer;
  expireAll(): void;
}

/**
 * OAuth 2.0 for one connected app: client credentials, refresh token, JWT bearer.
 * https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm
 */
export function createSignIn(org: Org): SignIn {
  /** Token → the instant it ends. Not part of the snapshot: after a restart callers renew. */
  const sessions = new Map<string, Date>();

  const grant = (call: Call): Answer => {
    const now = org.clock.now();
    const token = `${ORG_ID.slice(0, 15)}!${randomBytes(32).toString("base64url")}`;
    sessions.set(token, shifted(now, org.config.token_seconds * 1000));
    return json(200, {
      access_token: token,
      instance_url: call.base,
      id: `${call.base}/id/${ORG_ID}/${USER_ID}`,
      token_type: "Bearer",
      issued_at: String(now.getTime()),
      scope: "api",
    });
  };

  return {
    token(call) {
      const type = call.headers["content-type"] ?? "";
      if (!type.startsWith("application/x-www-form-urlencoded")) {
        return violated(
          oauthError("invalid_request", "content type must be application/x-www-form-urlencoded"),
          "token request is not a form",
        );
      }
      const form = new URLSearchParams(call.body.toString("utf8"));
      const refusal = refuseGrant(org, form, basicCredentials(call));
      return refusal ?? grant(call);
    },
    guard(call) {
      const [scheme, token] = (call.headers.authorization ?? "").split(" ", 2);
      if (scheme === "Bearer" && token !== undefined) {
        const ends = sessions.get(token);
        if (ends !== undefined && ends.getTime() > org.clock.now().getTime()) return undefined;
        sessions.delete(token);
      }
      const answer = fault(401, "INVALID_SESSION_ID", "Session expired or invalid");
      return call.headers.authorization === undefined
        ? violated(answer, "request without Authorization header")
        : answer;
    },
    userInfo: () => json(200, { user_id: USER_ID, organization_id: ORG_ID, preferred_username: "sandbox@example.com" }),
    expireAll() {
      sessions.clear();
    },
  };
}

function refuseGrant(
  org: Org,
  form: URLSearchParams,
  basic: readonly [string, string] | undefined,
): Answer | undefined {
  const { client_id, client_secret, refresh_token } = org.config;
  const id = basic?.[0] ?? form.get("client_id");
  const secret = basic?.[1] ?? form.get("client_secret");
  const type = form.get("grant_type");
  if (type === JWT) return refuseAssertion(org, form.get("assertion"));
  if (type !== "client_credentials" && type !== "refresh_token") {
    return violated(oauthError("unsupported_grant_type", "grant type not supported"), "unsupported grant_type");
  }
  if (id !== client_id) return oauthError("invalid_client_id", "client identifier invalid");
  if (secret !== client_secret && (type === "client_credentials" || secret !== null)) {
    return oauthError("invalid_client", "invalid client credentials");
  }
  if (type === "refresh_token" && form.get("refresh_token") !== refresh_token) {
    return oauthError("invalid_grant", "expired access/refresh token");
  }
  return undefined;
}

/** The signature is checked only against a key of the settings. */
function refuseAssertion(org: Org, assertion: string | null): Answer | undefined {
  const [first = "", second = "", signature = ""] = (assertion ?? "").split(".");
  const decoded = (part: string) => parseJson(Buffer.from(part, "base64url"));
  const parsed = claims.safeParse(decoded(second));
  if (!parsed.success || !head.safeParse(decoded(first)).success || signature === "") {
    return violated(oauthError("invalid_grant", "invalid assertion"), "malformed JWT assertion");
  }
  if (parsed.data.iss !== org.config.client_id) return oauthError("invalid_client_id", "client identifier invalid");
  const left = parsed.data.exp - org.clock.now().getTime() / 1000;
  if (left <= 0) return oauthError("invalid_grant", "expired authorization code");
  if (left > MAX_ASSERTION_SECONDS) return violated(oauthError("invalid_grant", "invalid assertion"), "exp is too far");
  if (!AUDIENCES.includes(parsed.data.aud)) return oauthError("invalid_grant", "audience is invalid");
  const { public_key: key } = org.config;
  if (key === undefined) return undefined;
  const signed = verify("RSA-SHA256", Buffer.from(`${first}.${second}`), key, Buffer.from(signature, "base64url"));
  return signed ? undefined : oauthError("invalid_grant", "invalid assertion");
}

function basicCredentials(call: Call): readonly [string, string] | undefined {
  const [scheme, encoded] = (call.headers.authorization ?? "").split(" ", 2);
  if (scheme !== "Basic" || encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const cut = text.indexOf(":");
  return cut < 0 ? undefined : [text.slice(0, cut), text.slice(cut + 1)];
}

function oauthError(error: string, description: string): Answer {
  return json(400, { error, error_description: description });
}
