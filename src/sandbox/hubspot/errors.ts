import type { Row, Value } from "../../core/value.ts";
import { json, violated } from "../core/answers.ts";
import type { Answer } from "../core/platform.ts";

/** https://developers.hubspot.com/docs/api-reference/error-handling */
export function problem(status: number, category: string, message: string, more: Row = {}): Answer {
  return json(status, {
    status: "error",
    message,
    correlationId: "00000000-0000-4000-8000-000000000000",
    category,
    ...more,
  });
}

/** The caller broke the description. */
export const breach = (message: string, status = 400): Answer =>
  violated(problem(status, "VALIDATION_ERROR", message), message);

export const notThere = (message: string): Answer => problem(404, "OBJECT_NOT_FOUND", message);

/** Of a batch's `errors[]`. */
export function rowProblem(category: string, message: string, context: Row): Value {
  return { status: "error", category, message, context, errors: [], links: {} };
}

/** https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines */
export function limited(policy: "TEN_SECONDLY_ROLLING" | "DAILY"): Answer {
  const what = policy === "DAILY" ? "daily" : "ten_secondly_rolling";
  return json(429, {
    status: "error",
    message: `You have reached your ${what} limit.`,
    errorType: "RATE_LIMIT",
    correlationId: "00000000-0000-4000-8000-000000000000",
    policyName: policy,
    category: "RATE_LIMITS",
  });
}
