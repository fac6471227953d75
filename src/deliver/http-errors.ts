import {
  AuthFailed,
  BatchRefused,
  OutcomeUnknown,
  QuotaExhausted,
  RateLimited,
  TargetInvalid,
  Unavailable,
} from "../core/delivery-errors.ts";
import { withAnswer } from "./platform-answer.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface ErrorAnswer {
  readonly status: number;
  /** Parsed JSON or text. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** "POST eu.host:443": never the path, which may hold an address, or the whole secret of a webhook. */
  readonly what: string;
  /** A token request: its refusals mean the credentials. */
  readonly anonymous: boolean;
  readonly now: Date;
}

/** The error that an answer outside 2xx means, where the connector knows nothing better. */
export function answeredError(answer: ErrorAnswer): Error {
  const { status, headers, what, now } = answer;
  const told = retryAfterMs(headers["retry-after"], now);
  const context = { status };
  const said = `${what} answered ${status}`;
  const refusesCredentials = status === 401 || status === 403 || (answer.anonymous && status === 400);

  if (status >= 300 && status < 400) {
    return new TargetInvalid(`${said}: a redirect to ${hostOf(headers.location)}`, {
      hint: "Redirects are not followed, so that no credential goes to another host. Put the final address into the account's base_url.",
      context,
    });
  }
  if (refusesCredentials) {
    return withAnswer(
      new AuthFailed(status === 403 ? `${said}: a permission is missing` : `${said}: the credentials were refused`, {
        hint:
          status === 403
            ? "Give the account's credentials the scope or permission that this target needs; `millrace check --connect` names it where the platform says so."
            : "Put valid credentials into the account; `millrace check --connect` tries them.",
        context,
      }),
      answer.body,
    );
  }
  if (status === 429) {
    return new RateLimited(`${said}: too many requests`, {
      hint: "Nothing to do: the delivery waits as long as the platform asks.",
      context,
      retryAfterMs: told,
    });
  }
  // 529 is what several platforms answer for "overloaded" (https://developers.notion.com/reference/status-codes).
  if ((status === 503 || status === 529) && told !== null) {
    return new Unavailable(`${said}: not available now`, {
      hint: "Nothing to do: the delivery tries again when the platform said it would be back.",
      context,
      retryAfterMs: told,
    });
  }
  // 425: refused before being read. RFC 8470, section 5.2.
  if (status === 425) return new Unavailable(`${said}: too early`, { hint: "The delivery tries again.", context });
  // 408: the server stopped waiting for the request, which says nothing about a part that had arrived.
  if (status >= 500 || status === 408) {
    return new OutcomeUnknown(`${said}: whether it was applied is not known`, {
      hint: "Look at the platform's status page if this goes on.",
      context,
      retryAfterMs: told,
    });
  }
  return withAnswer(
    new BatchRefused(`${said}: refused`, {
      hint: "The row's message has the platform's reason: mend the row, the mapping or the target's options.",
      context,
      reason: `HTTP_${status}`,
    }),
    answer.body,
  );
}

/** Trouble with getting authentication leaves the request that wanted it unsent, whatever became of the token request. */
export function beforeSending(error: unknown): unknown {
  if (error instanceof OutcomeUnknown) {
    return new Unavailable(`signing in failed: ${error.message}`, {
      hint: error.hint,
      context: error.context,
      retryAfterMs: error.retryAfterMs,
      cause: error,
    });
  }
  if (error instanceof BatchRefused) {
    return new AuthFailed(`signing in failed: ${error.message}`, {
      hint: "Put valid credentials into the account; `millrace check --connect` tries them.",
      context: error.context,
      cause: error,
    });
  }
  return error;
}

/** How long the error asks everybody of the account to wait; null: it does not. */
export function askedToWaitMs(error: unknown): number | null {
  if (error instanceof RateLimited || error instanceof Unavailable) return error.retryAfterMs;
  return null;
}

/** Nothing more can be delivered by this run once one of these was thrown. */
export function endsRun(error: unknown): error is AuthFailed | QuotaExhausted | TargetInvalid {
  return error instanceof AuthFailed || error instanceof QuotaExhausted || error instanceof TargetInvalid;
}

function hostOf(location: string | undefined): string {
  if (location === undefined) return "nowhere";
  if (location.startsWith("/") && !location.startsWith("//")) return "another path of the same host";
  return URL.parse(location, "https://unknown.invalid")?.host ?? "an address that is none";
}
