import { randomBytes } from "node:crypto";
import { json } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { limited, problem } from "./errors.ts";
import type { Portal } from "./portal.ts";

export interface Access {
  /** POST /oauth/v1/token */
  token(call: Call): Answer;
  /** Without a valid token, or over a limit; undefined: go on. */
  guard(call: Call): Answer | undefined;
  /** Ends the tokens that the refresh token brought; undefined: there is none, and a private app's never ends. */
  expire(): boolean;
  reset(): void;
}

const TEN_SECONDS_MS = 10_000;
const DAY_MS = 86_400_000;

export function createAccess(portal: Portal): Access {
  const { config, clock } = portal;
  const sessions = new Set<string>();
  let recent: number[] = [];
  let day = { number: 0, used: 0 };
  return {
    token(call) {
      const form = new URLSearchParams(call.body.toString("utf8"));
      const known =
        form.get("grant_type") === "refresh_token" &&
        form.get("client_id") === config.client_id &&
        form.get("client_secret") === config.client_secret &&
        form.get("refresh_token") === config.refresh_token;
      if (!known) return json(400, { status: "BAD_REFRESH_TOKEN", message: "missing or unknown refresh token" });
      const token = randomBytes(24).toString("base64url");
      sessions.add(token);
      return json(200, { access_token: token, refresh_token: config.refresh_token, expires_in: 1800 });
    },
    guard(call) {
      const token = /^Bearer (\S+)$/.exec(call.headers.authorization ?? "")?.[1] ?? "";
      if (!config.tokens.includes(token) && !sessions.has(token)) {
        return problem(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.");
      }
      const nowMs = clock.now().getTime();
      const today = Math.floor(nowMs / DAY_MS);
      if (day.number !== today) day = { number: today, used: 0 };
      if (day.used >= config.requests_per_day) return limited("DAILY");
      recent = recent.filter((at) => nowMs - at < TEN_SECONDS_MS);
      if (recent.length >= config.requests_per_10s) return limited("TEN_SECONDLY_ROLLING");
      day.used += 1;
      recent.push(nowMs);
      return undefined;
    },
    expire() {
      const any = sessions.size > 0;
      sessions.clear();
      return any;
    },
    reset() {
      recent = [];
      day = { number: 0, used: 0 };
    },
  };
}
