import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, HttpReply } from "../connector.ts";
import type { IterableAccount, Scope } from "./account.ts";

export type Ctx = AccountCtx<IterableAccount>;

interface Call<T> {
  readonly method: "GET" | "POST" | "DELETE";
  readonly scope: Scope;
  readonly path: string;
  readonly json?: Value;
  readonly expect: z.ZodType<T>;
  readonly accept?: readonly number[];
}

export function call<T>(ctx: Ctx, { scope, ...request }: Call<T>): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...request, scopes: [scope], mapError: requestError });
}

/** `{msg, code, params}` of answers without rows. https://api.iterable.com/api/docs */
export const apiReply = z.object({ code: z.string(), msg: z.string().nullish() });

const refusesKey = new Set(["BadApiKey", "BadAuthorizationHeader", "Unauthorized", "Forbidden", "InvalidJwtPayload"]);

/** Everything else is the HTTP client's: 429, 5xx and refused requests with Iterable's own words. */
export function requestError(status: number, body: unknown): Error | undefined {
  const code = apiReply.safeParse(body).data?.code ?? "";
  if (status !== 401 && status !== 403 && !refusesKey.has(code)) return undefined;
  return new AuthFailed(`Iterable answered ${status}${/^\w{1,60}$/.test(code) ? ` ${code}` : ""}`, {
    hint: "Use a server-side API key of this project and data centre (Integrations > API Keys); keys for mobile and web may not do this.",
    context: { status },
  });
}
