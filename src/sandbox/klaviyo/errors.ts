import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { Value } from "../../core/value.ts";
import { json, violated } from "../core/answers.ts";
import type { Answer } from "../core/platform.ts";

export const JSON_API = "application/vnd.api+json";

interface Problem {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** JSON pointer into the request, or a parameter's name. */
  readonly source?: { readonly pointer: string } | { readonly parameter: string };
  readonly meta?: { readonly [name: string]: Value };
}

/** `{errors: [{id, status, code, title, detail, source, links, meta}]}`, as the description's ClientError. */
export function problem(status: number, ...problems: readonly Problem[]): Answer {
  const errors = problems.map(({ code, title, detail, source, meta }) => ({
    id: randomUUID(),
    status,
    code,
    title,
    detail,
    source: source ?? { pointer: "/data" },
    links: {},
    meta: meta ?? {},
  }));
  return json(status, { errors }, { headers: { "content-type": JSON_API } });
}

export function invalid(detail: string, pointer: string): Answer {
  return problem(400, { code: "invalid", title: "Invalid input.", detail, source: { pointer } });
}

/** The request broke the vendor's description. */
export function breach(status: number, detail: string, pointer = "/data"): Answer {
  const title = status === 413 ? "Payload too large." : "Invalid input.";
  return violated(problem(status, { code: "invalid", title, detail, source: { pointer } }), detail);
}

/** A body that does not fit its schema, with a pointer to each fault. */
export function badBody(error: z.ZodError): Answer {
  const problems = error.issues.map((issue) => ({
    code: "invalid",
    title: "Invalid input.",
    detail: issue.message,
    source: { pointer: `/${issue.path.map(String).join("/")}` },
  }));
  return violated(
    problem(400, ...problems),
    problems.map(({ source, detail }) => `${source.pointer}: ${detail}`).join("; "),
  );
}

export function notFound(what: string, id: string): Answer {
  return problem(404, { code: "not_found", title: "Not found.", detail: `A ${what} with id ${id} does not exist.` });
}

/** A success in JSON:API. */
export function document(status: number, body: Value, extras: Partial<Answer> = {}): Answer {
  return json(status, body, { ...extras, headers: { "content-type": JSON_API } });
}
