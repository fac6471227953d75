import { randomUUID } from "node:crypto";
import type { AccountCtx } from "../connector.ts";
import type { DataverseAccount } from "./account.ts";
import { requestError } from "./errors.ts";
import { decodeBatch, encodeBatch, type PartReply, type PartRequest } from "./multipart.ts";

export type Ctx = AccountCtx<DataverseAccount>;

/** https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/execute-batch-operations-using-web-api */
export const maxBatchRequests = 1_000;

/** No figure is published for a batch's size: conservative. */
export const maxBatchBytes = 4_000_000;

/** A batch runs one request after another within two minutes of a message; the client waits a little longer. */
const batchTimeoutMs = 150_000;

export const apiPath = (ctx: Ctx): string => `/api/data/${ctx.account.api_version}`;

const protocol = { "odata-version": "4.0", "odata-maxversion": "4.0" };

export const jsonHeaders = { ...protocol, accept: "application/json" };

/** Sends the requests as one batch that goes on after errors, and tells the reply of each by its id. */
export async function sendBatch(ctx: Ctx, requests: readonly PartRequest[]): Promise<ReadonlyMap<number, PartReply>> {
  if (requests.length === 0) return new Map();
  const boundary = `batch_${randomUUID()}`;
  const reply = await ctx.http.request({
    method: "POST",
    path: `${apiPath(ctx)}/$batch`,
    headers: {
      ...protocol,
      accept: "multipart/mixed",
      "content-type": `multipart/mixed; boundary=${boundary}`,
      prefer: "odata.continue-on-error",
    },
    body: encodeBatch(boundary, requests),
    expect: "text",
    mapError: requestError,
    timeoutMs: batchTimeoutMs,
  });
  return assign(requests, decodeBatch(reply.body, reply.headers["content-type"] ?? ""));
}

/**
 * Replies by the id of their request: by Content-ID where it is repeated. Without, Dataverse promises the order of the requests,
 * which says whose a reply is only if there are as many of them.
 */
export function assign(
  requests: readonly PartRequest[],
  replies: readonly PartReply[],
): ReadonlyMap<number, PartReply> {
  const known = new Set(requests.map((request) => request.id));
  const byId = new Map<number, PartReply>();
  const whole = replies.length === requests.length;
  for (const [i, reply] of replies.entries()) {
    const id = reply.contentId ?? (whole ? requests[i]?.id : undefined);
    if (id !== undefined && known.has(id) && !byId.has(id)) byId.set(id, reply);
  }
  return byId;
}
