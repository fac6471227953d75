import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, HttpRequest, Target, TargetCtx, TargetSync } from "../connector.ts";
import type { HttpAccount } from "./account.ts";
import { perRowResults } from "./answer.ts";
import { bodyOf, pathOf, signature } from "./body.ts";
import { assertNames, isPerRow, type RequestOptions, requestOptions } from "./options.ts";
import { namesIn } from "./template.ts";

const defaultRows = 1_000;

export const request: Target<HttpAccount, RequestOptions> = {
  description: "an HTTP request per batch of changes: a webhook",
  kind: "stream",
  options: requestOptions,
  identifiers: [],
  needsMatch: false,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "append", "remove"],
  onlyIfEmpty: false,
  object: (options) => `${options.method} ${options.path ?? "/"}`,
  shape(options, sync) {
    assertNames(options, sync);
    return {
      batch: { maxRows: maxRows(options), maxBytes: options.max_bytes, mixedOps: true },
      resend: resendOf(options, sync),
      outcome: "per-batch",
      contents: "changes",
    };
  },
  requests: (options, sync) =>
    Math.ceil(sync.removes / maxRows(options)) + Math.ceil((sync.plannedRows - sync.removes) / maxRows(options)),
  send,
};

const maxRows = (options: RequestOptions): number => (isPerRow(options) ? 1 : (options.rows ?? defaultRows));

const resendOf = (options: RequestOptions, sync: Pick<TargetSync, "mode">): "once" | "idempotent" =>
  options.resend ?? (sync.mode === "append" ? "once" : "idempotent");

async function send(batch: Batch, ctx: TargetCtx<HttpAccount, RequestOptions>): Promise<BatchResult> {
  const { account, options, sync, http, clock } = ctx;
  const body = bodyOf(batch.changes, options, sync);
  const common = {
    method: options.method,
    path: pathOf(batch.changes, options, sync),
    headers: {
      ...options.headers,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(account.sign === undefined
        ? {}
        : { "x-millrace-signature": signature(body ?? "", account.sign.secret, clock) }),
      [options.idempotency_header]: batch.idempotencyKey,
    },
    ...(body === undefined ? {} : { body }),
    timeoutMs: account.timeout_ms,
    mapError: (status: number) => wrongPath(status, options),
  } satisfies Omit<HttpRequest<unknown>, "expect">;
  if (options.response === "per_row") {
    const { body: answer } = await http.request({ ...common, expect: "text" });
    return { state: "done", rows: perRowResults(answer, batch.changes, resendOf(options, sync)) };
  }
  await http.request({ ...common, expect: "none" });
  return { state: "done", rows: batch.changes.map(({ seq }) => ({ seq, status: "delivered" })) };
}

/** A path without row values that is not there is wrong for every row: bisecting would only find that out row by row. */
function wrongPath(status: number, options: RequestOptions): Error | undefined {
  if (![404, 405, 410].includes(status) || namesIn(options.path).length > 0) return undefined;
  return new TargetInvalid(`the receiver has no ${options.method} at this path (${status})`, {
    hint: "Check base_url of the account, and method and path of the sync.",
    context: { status },
  });
}
