/**
 * What the platform wrote in an error answer, carried beside the error and never printed with it: it may repeat personal data.
 * Only the engine reads it, which knows the row and can scrub it.
 */
const answer = Symbol("platform answer");

export function withAnswer<E extends Error>(error: E, body: unknown): E {
  Object.defineProperty(error, answer, { value: sentence(body), enumerable: false });
  return error;
}

/** The platform's own words, unscrubbed; null if there are none. */
export function answerOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const text = (error as Error & { readonly [answer]?: unknown })[answer];
  return typeof text === "string" && text !== "" ? text : null;
}

const wordy = ["message", "detail", "error_description", "description", "title", "error", "errors", "reason"] as const;

/** The first sentence meant for people in the usual shapes of error bodies: {message}, {error: {message}}, {errors: [{detail}]}, text. */
function sentence(body: unknown, depth = 0): string {
  if (typeof body === "string") return /^\s*</.test(body) ? "" : body.trim().slice(0, 2_000);
  if (depth > 4 || body === null || typeof body !== "object") return "";
  if (Array.isArray(body)) return sentence(body[0], depth + 1);
  const named = new Map<string, unknown>(Object.entries(body));
  for (const name of wordy) {
    const found = sentence(named.get(name), depth + 1);
    if (found !== "") return found;
  }
  return "";
}
