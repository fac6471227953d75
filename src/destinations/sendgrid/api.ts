import type { z } from "zod";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, HttpReply, HttpRequest } from "../connector.ts";
import { question } from "../question.ts";
import type { SendgridAccount } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<SendgridAccount>;

export interface Call {
  readonly method: HttpRequest<unknown>["method"];
  readonly path: string;
  /** The permission that the request needs, for the error that says it is missing. */
  readonly scope: string;
  readonly json?: Value;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly accept?: readonly number[];
  readonly limits?: readonly string[];
}

export function callJson<T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...prepared(ctx, call), expect: call.expect });
}

/** For answers without a body, or of which only the status counts. */
export function callBlind(ctx: Ctx, call: Call): Promise<HttpReply<null>> {
  return ctx.http.request({ ...prepared(ctx, call), expect: "none" });
}

/** Reads: nothing is changed where no answer comes. */
export const ask = <T>(
  ctx: Ctx,
  call: Omit<Call, "method"> & { readonly method?: Call["method"]; readonly expect: z.ZodType<T> },
): Promise<HttpReply<T>> => question(() => callJson<T>(ctx, { method: "GET", ...call }));

function prepared(ctx: Ctx, { scope, limits, ...request }: Call): Omit<HttpRequest<unknown>, "expect"> {
  return { ...request, scopes: limits ?? ["api"], mapError: requestError(scope, ctx.clock) };
}
