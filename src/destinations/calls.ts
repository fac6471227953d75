import type { z } from "zod";
import type { Value } from "../core/value.ts";
import type { AccountCtx, HttpReply, HttpRequest } from "./connector.ts";
import { question } from "./question.ts";

/** One request to a platform, as a target states it. */
export interface Call {
  /** GET, where it is left out. */
  readonly method?: HttpRequest<unknown>["method"];
  readonly path: string;
  readonly json?: Value;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly accept?: readonly number[];
}

type Expecting<C, T> = C & { readonly expect: z.ZodType<T> };
type Prepared = Omit<HttpRequest<unknown>, "expect" | "method">;

/** A platform's requests by what is read of their answers; `prepare` adds what all of them share: prefix, scopes, errors. */
export function callsOf<Account, C extends Call = Call>(prepare: (call: C, ctx: AccountCtx<Account>) => Prepared) {
  type Ctx = AccountCtx<Account>;
  const request = (ctx: Ctx, call: C) => ({ method: call.method ?? "GET", ...prepare(call, ctx) });
  const callJson = <T>(ctx: Ctx, call: Expecting<C, T>): Promise<HttpReply<T>> =>
    ctx.http.request<T>({ ...request(ctx, call), expect: call.expect });
  return {
    callJson,
    /** For answers that may be empty (204). */
    callText: (ctx: Ctx, call: C): Promise<HttpReply<string>> =>
      ctx.http.request({ ...request(ctx, call), expect: "text" }),
    /** For answers without a body, or of which only the status counts. */
    callBlind: (ctx: Ctx, call: C): Promise<HttpReply<null>> =>
      ctx.http.request({ ...request(ctx, call), expect: "none" }),
    /** Reads: nothing is changed where no answer comes. */
    ask: <T>(ctx: Ctx, call: Expecting<C, T>): Promise<HttpReply<T>> => question(() => callJson(ctx, call)),
  };
}
