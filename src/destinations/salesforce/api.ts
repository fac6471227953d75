import type { z } from "zod";
import type { AccountCtx, HttpReply, HttpRequest } from "../connector.ts";
import type { SalesforceAccount } from "./account.ts";
import { requestError } from "./errors.ts";
import { usageOf } from "./usage.ts";

type Ctx = AccountCtx<SalesforceAccount>;

/** A request to the organisation's REST API, unless it would touch the daily reserve. `path` follows /services/data/vNN.0. */
export async function callJson<T>(
  ctx: Ctx,
  request: Omit<HttpRequest<T>, "expect"> & { readonly expect: z.ZodType<T> },
): Promise<HttpReply<T>> {
  return counted(ctx, () => ctx.http.request<T>({ ...prepared(ctx, request), expect: request.expect }));
}

export async function callText(ctx: Ctx, request: Omit<HttpRequest<string>, "expect">): Promise<HttpReply<string>> {
  return counted(ctx, () => ctx.http.request({ ...prepared(ctx, request), expect: "text" }));
}

export async function callBlind(ctx: Ctx, request: Omit<HttpRequest<null>, "expect">): Promise<HttpReply<null>> {
  return counted(ctx, () => ctx.http.request({ ...prepared(ctx, request), expect: "none" }));
}

function prepared<R extends Omit<HttpRequest<unknown>, "expect">>(ctx: Ctx, request: R): R {
  return { mapError: requestError, ...request, path: `/services/data/${ctx.account.api_version}${request.path}` };
}

async function counted<T extends { readonly headers: Readonly<Record<string, string>> }>(
  ctx: Ctx,
  send: () => Promise<T>,
): Promise<T> {
  const usage = await usageOf(ctx);
  usage.assertRoom(ctx.account.daily_reserve);
  const reply = await send();
  usage.note(reply.headers);
  return reply;
}
