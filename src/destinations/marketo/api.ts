import type { z } from "zod";
import type { AccountCtx, HttpReply, HttpRequest, TargetCtx } from "../connector.ts";
import { question } from "../question.ts";
import type { MarketoAccount } from "./account.ts";
import { bodyStatus, requestError } from "./errors.ts";

export type Ctx = AccountCtx<MarketoAccount>;
export type LeadCtx = TargetCtx<MarketoAccount, LeadOptions>;

/** What `to:` of every target that writes leads has. */
export interface LeadOptions {
  readonly partition?: string | undefined;
  readonly bulk_from: number | "never";
}

type Call = Pick<HttpRequest<unknown>, "path" | "query" | "json" | "body" | "headers" | "encoding"> & {
  readonly method?: HttpRequest<unknown>["method"];
};

export const call = <T>(ctx: Ctx, request: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> =>
  ctx.http.request<T>({ method: "GET", ...request, scopes: ["api"], bodyStatus, mapError: requestError });

/** Reads: nothing is changed where no answer comes. */
export const ask = <T>(ctx: Ctx, request: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> =>
  question(() => call<T>(ctx, request));

/** Answers that are no JSON. */
export const askText = (ctx: Ctx, path: string): Promise<HttpReply<string>> =>
  question(() =>
    ctx.http.request({ method: "GET", path, expect: "text", scopes: ["api"], bodyStatus, mapError: requestError }),
  );
