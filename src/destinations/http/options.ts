import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import { namesIn } from "./template.ts";

const json: z.ZodType<Value> = z.json();
const bodyTemplate = z.record(z.string(), json);
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: "a header's name has no space or colon" });

/** Placeholders that mean the request; every other one means one row. */
const ofRequest: readonly string[] = ["sync", "run", "changes"];
const ofRow: readonly string[] = ["op", "key", "fields", "external_id"];

export const requestOptions = z
  .strictObject({
    method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("POST"),
    path: z
      .string()
      .startsWith("/")
      .optional()
      .meta({ description: "below base_url; `{{ key }}` and fields where a request holds one row" }),
    headers: z.record(headerName, z.string()).default({}).meta({ description: "besides the account's" }),
    body: bodyTemplate.optional().meta({
      description:
        "template of the whole body: {{ sync }}, {{ run }}, {{ changes }}; or {{ op }}, {{ key }} and fields of one row",
    }),
    row: bodyTemplate.optional().meta({ description: "template of each of {{ changes }}; default {op, key, fields}" }),
    resend: z
      .enum(["once", "idempotent"])
      .optional()
      .meta({ description: "may an unanswered request be sent again? default: once for append, else idempotent" }),
    idempotency_header: headerName.default("Idempotency-Key"),
    rows: z.int().min(1).max(100_000).optional().meta({ description: "rows per request at most; default 1000" }),
    max_bytes: z.int().min(1_000).default(1_000_000).meta({ description: "size of a request at most" }),
    response: z.enum(["per_row"]).optional().meta({
      description: `per_row: the receiver answers {"results": [{"key" or "index", "status", "code", "message"}]}`,
    }),
  })
  .superRefine((options, context) => {
    const fault = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    const names = namesIn(options.body);
    if (isPerRow(options) && (options.rows ?? 1) > 1) {
      fault("rows", "path or body name a single row's values, so a request holds one row");
    }
    if (isPerRow(options) && names.includes("changes"))
      fault("body", "{{ changes }} and one row's values do not go together");
    if (options.body !== undefined && names.every((name) => name === "sync" || name === "run")) {
      fault("body", "the body would hold no row: name {{ changes }}, or one row's values");
    }
    if (options.row !== undefined && options.body !== undefined && !names.includes("changes")) {
      fault("row", "row is the template of {{ changes }}, which body does not name");
    }
    if (namesIn(options.path).some((name) => name === "changes" || name === "fields")) {
      fault("path", "a path takes single values");
    }
    if (options.method === "GET" && (options.body !== undefined || options.row !== undefined)) {
      fault("method", "a GET request has no body");
    }
  });

export type RequestOptions = z.infer<typeof requestOptions>;

/** Does a request hold exactly one row? */
export function isPerRow(options: Pick<RequestOptions, "path" | "body" | "method">): boolean {
  const names = [...namesIn(options.path), ...namesIn(options.body)];
  return options.method === "GET" || names.some((name) => !ofRequest.includes(name));
}

/** Throws ConfigError for a placeholder that the sync does not fill. */
export function assertNames(options: RequestOptions, sync: Pick<TargetSync, "name" | "match" | "fields">): void {
  const fields = [...sync.match, ...sync.fields];
  const known = new Set([...ofRequest, ...ofRow, ...fields, ...fields.map((name) => `fields.${name}`)]);
  const used = [...namesIn(options.path), ...namesIn(options.body), ...namesIn(options.row)];
  const unknown = used.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new ConfigError(`{{ ${unknown} }} is neither a field nor an identifier of ${sync.name}`, {
    hint: `There are ${[...ofRequest, ...ofRow, ...fields].join(", ")}.`,
  });
}
