import type { Row } from "../../core/value.ts";
import { json, violated } from "../core/answers.ts";
import type { Answer } from "../core/platform.ts";

/** https://mailchimp.com/developer/marketing/docs/errors/ */
export function problem(status: number, title: string, detail: string, more: Row = {}): Answer {
  const body = {
    type: "https://mailchimp.com/developer/marketing/docs/errors/",
    title,
    status,
    detail,
    instance: "00000000-0000-4000-8000-000000000000",
    ...more,
  };
  return json(status, body, { headers: { "content-type": "application/problem+json; charset=utf-8" } });
}

/** The caller broke the description. */
export const breach = (detail: string, field = ""): Answer =>
  violated(
    problem(400, "Invalid Resource", "The resource submitted could not be validated.", {
      errors: [{ field, message: detail }],
    }),
    `${field} ${detail}`.trim(),
  );

export const notThere = (): Answer => problem(404, "Resource Not Found", "The requested resource could not be found.");

export const limited = (): Answer =>
  problem(429, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.");
