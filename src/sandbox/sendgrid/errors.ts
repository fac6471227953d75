import { json, violated } from "../core/answers.ts";
import type { Answer } from "../core/platform.ts";

/** https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors */
export const problem = (status: number, message: string, field: string | null = null): Answer =>
  json(status, { errors: [{ field, message }] });

/** The caller broke the description. */
export const breach = (message: string, field = ""): Answer =>
  violated(problem(400, message, field), `${field} ${message}`.trim());

/** https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits */
export function limited(limit: number, resetMs: number): Answer {
  return json(
    429,
    { errors: [{ field: null, message: "too many requests" }] },
    {
      headers: {
        "x-ratelimit-limit": String(limit),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": String(Math.ceil(resetMs / 1000)),
      },
    },
  );
}
