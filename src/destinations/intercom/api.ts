import type { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, HttpReply } from "../connector.ts";
import { limitedUntil } from "../rate-reset.ts";
import type { IntercomAccount } from "./account.ts";
import { errorReply, firstError, type Refused } from "./errors.ts";

export type Ctx = AccountCtx<IntercomAccount>;

interface Call {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** Of the app, for the error that says it is missing. https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/oauth-scopes */
  readonly scope: string;
  readonly json?: Value;
  readonly query?: Readonly<Record<string, string | number>>;
}

export function call<T>(
  ctx: Ctx,
  { scope, ...request }: Call & { readonly expect: z.ZodType<T> },
): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...request, mapError: requestError(scope, ctx.clock) });
}

/** Refusals of one row are data: the answer, or Intercom's first error with its status. */
export async function tryCall<T>(
  ctx: Ctx,
  { scope, ...request }: Call & { readonly expect: z.ZodType<T> },
): Promise<{ readonly body: T } | { readonly refused: Refused }> {
  const { status, body } = await ctx.http.request({
    ...request,
    accept: refusals,
    expect: request.expect.or(errorReply),
    mapError: requestError(scope, ctx.clock),
  });
  const read = status < 400 ? request.expect.safeParse(body) : undefined;
  return read?.success === true ? { body: read.data } : { refused: { status, ...firstError(body) } };
}

const refusals = [400, 404, 409, 422];

export function requestError(scope: string, clock: Clock) {
  return (status: number, body: unknown, headers: Readonly<Record<string, string>>): Error | undefined => {
    if (status === 429) return limitedUntil("Intercom", "x-ratelimit-reset", headers, clock);
    if (status !== 401 && status !== 403) return undefined;
    const { code } = firstError(body);
    return new AuthFailed(`Intercom answered ${status} ${code}`, {
      hint: `Use an access token of this workspace and region, whose app may "${scope}".`,
      context: { status, scope },
    });
  };
}
