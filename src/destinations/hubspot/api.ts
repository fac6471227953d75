import type { z } from "zod";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, HttpReply, HttpRequest } from "../connector.ts";
import type { HubspotAccount } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<HubspotAccount>;

interface Call {
  readonly method: HttpRequest<unknown>["method"];
  readonly path: string;
  /** The scope the request needs, for the error that says it is missing. */
  readonly scope: string;
  readonly json?: Value;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly accept?: readonly number[];
}

export function callJson<T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...prepared(call), expect: call.expect });
}

/** For answers without a body (204). */
export function callBlind(ctx: Ctx, call: Call): Promise<HttpReply<null>> {
  return ctx.http.request({ ...prepared(call), expect: "none" });
}

function prepared({ scope, ...request }: Call): Omit<HttpRequest<unknown>, "expect"> {
  return { ...request, mapError: requestError(scope) };
}
