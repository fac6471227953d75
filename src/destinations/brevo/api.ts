import type { z } from "zod";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, HttpReply, HttpRequest } from "../connector.ts";
import { question } from "../question.ts";
import type { BrevoAccount, Scope } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<BrevoAccount>;

interface Call {
  readonly method?: HttpRequest<unknown>["method"];
  /** Below /v3. */
  readonly path: string;
  readonly json?: Value;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly accept?: readonly number[];
}

export function callJson<T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...prepared(call), expect: call.expect });
}

/** For answers that may be empty (204). */
export function callText(ctx: Ctx, call: Call): Promise<HttpReply<string>> {
  return ctx.http.request({ ...prepared(call), expect: "text" });
}

/** Reads: nothing is changed where no answer comes. */
export const ask = <T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> =>
  question(() => callJson<T>(ctx, call));

function prepared(call: Call): Omit<HttpRequest<unknown>, "expect"> {
  return { method: "GET", ...call, path: `/v3${call.path}`, scopes: [scopeOf(call.path)], mapError: requestError };
}

function scopeOf(path: string): Scope {
  if (path.startsWith("/contacts")) return "contacts";
  return path.startsWith("/events") ? "events" : "other";
}
