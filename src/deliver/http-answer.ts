import type { z } from "zod";
import { OutcomeUnknown } from "../core/delivery-errors.ts";

type Read = { readonly fits: true; readonly body: unknown } | { readonly fits: false; readonly why: string };

/** Reads an answer as the request expects it. */
export function readAnswer(expect: z.ZodType<unknown> | "text" | "none", data: Buffer): Read {
  if (expect === "none") return { fits: true, body: null };
  const text = asText(data);
  if (expect === "text") return { fits: true, body: text };
  const json = parseJson(text);
  if (json === undefined) return { fits: false, why: "it is no JSON" };
  const read = expect.safeParse(json);
  if (read.success) return { fits: true, body: read.data };
  const issue = read.error.issues[0];
  return { fits: false, why: issue === undefined ? "it does not fit" : `${issue.code} at ${place(issue.path)}` };
}

/** Parsed JSON, or the text as it is: what `mapError` gets. */
export function parseAnswer(data: Buffer): unknown {
  const text = asText(data);
  const json = parseJson(text);
  return json === undefined ? text : json;
}

/** Something was done, and what it was cannot be told. */
export function mismatch(what: string, status: number, why: string): OutcomeUnknown {
  return new OutcomeUnknown(`${what} answered ${status} with something else than documented: ${why}`, {
    hint: "Check that base_url is the platform's API and not a proxy's or a log-in page; else report it.",
    context: { status },
  });
}

/** Headers with names in lower case, repeated ones joined. */
export function readHeaders(headers: unknown): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value !== undefined && value !== null)
      read[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : String(value);
  }
  return read;
}

function asText(data: Buffer): string {
  const text = data.toString("utf8");
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Names of documented fields only: a key of a map may be somebody's address. */
function place(path: readonly PropertyKey[]): string {
  const parts = path.map((part) =>
    typeof part === "number" || /^[A-Za-z_]\w{0,40}$/.test(String(part)) ? String(part) : "…",
  );
  return parts.length === 0 ? "the top" : parts.join(".");
}
