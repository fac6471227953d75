import { createHash } from "node:crypto";
import type { z } from "zod";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, HttpReply, HttpRequest } from "../connector.ts";
import { lowered } from "../identified.ts";
import type { MailchimpAccount } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<MailchimpAccount>;

interface Call {
  readonly method: HttpRequest<unknown>["method"];
  /** Below /3.0. */
  readonly path: string;
  readonly json?: Value;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly accept?: readonly number[];
}

/** Mailchimp itself gives up after 120 seconds. https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling */
const timeoutMs = 125_000;

export function callJson<T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...prepared(call), expect: call.expect });
}

/** For answers without a body (204), or of which only the status counts. */
export function callBlind(ctx: Ctx, call: Call): Promise<HttpReply<null>> {
  return ctx.http.request({ ...prepared(call), expect: "none" });
}

function prepared(call: Call): Omit<HttpRequest<unknown>, "expect"> {
  return { ...call, path: `/3.0${call.path}`, timeoutMs, mapError: requestError };
}

/** A member goes by the MD5 of the address in lower case. https://mailchimp.com/developer/marketing/docs/methods-parameters/#path-parameters */
export function memberPath(audience: string, email: string): string {
  const hash = createHash("md5").update(lowered(email)).digest("hex");
  return `/lists/${audience}/members/${hash}`;
}
