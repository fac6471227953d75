import type { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, HttpReply } from "../connector.ts";
import { limitedUntil } from "../rate-reset.ts";
import type { BrazeAccount, Scope } from "./account.ts";

export type Ctx = AccountCtx<BrazeAccount>;

interface Call<T> {
  readonly scope: Scope;
  /** Of the API key, for the error that says it is missing. https://www.braze.com/docs/api/basics/#rest-api-key-permissions */
  readonly permission: string;
  readonly path: string;
  readonly expect: z.ZodType<T>;
  readonly accept?: readonly number[];
}

export function post<T>(ctx: Ctx, { scope, permission, ...call }: Call<T> & { json: Value }): Promise<HttpReply<T>> {
  return ctx.http.request<T>({
    ...call,
    method: "POST",
    scopes: [scope],
    mapError: requestError(permission, ctx.clock),
  });
}

export function get<T>(
  ctx: Ctx,
  { scope, permission, ...call }: Call<T> & { query?: Readonly<Record<string, string>> },
): Promise<HttpReply<T>> {
  return ctx.http.request<T>({
    ...call,
    method: "GET",
    scopes: [scope],
    mapError: requestError(permission, ctx.clock),
  });
}

/** A key without the permission is refused with 401 or 403. https://www.braze.com/docs/api/errors/ */
export function requestError(permission: string, clock: Clock) {
  return (status: number, _body: unknown, headers: Readonly<Record<string, string>>): Error | undefined => {
    // 429 says with X-RateLimit-Reset when to go on. https://www.braze.com/docs/api/api_limits/#monitoring-your-rate-limits
    if (status === 429) return limitedUntil("Braze", "x-ratelimit-reset", headers, clock);
    if (status !== 401 && status !== 403) return undefined;
    return new AuthFailed(`Braze answered ${status}: the API key is wrong or lacks ${permission}`, {
      hint: `Use a REST API key of this workspace and cluster, with the permission ${permission}.`,
      context: { status, permission },
    });
  };
}
