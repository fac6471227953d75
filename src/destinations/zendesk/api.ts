import { z } from "zod";
import { AuthFailed, BatchRefused, type DeliveryError, TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { codeOf } from "../code.ts";
import type { AccountCtx, HttpReply, HttpRequest } from "../connector.ts";
import { question } from "../question.ts";
import type { ZendeskAccount } from "./account.ts";

export type Ctx = AccountCtx<ZendeskAccount>;

interface Call {
  readonly method?: HttpRequest<unknown>["method"];
  /** Below /api/v2. */
  readonly path: string;
  readonly json?: Value;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly accept?: readonly number[];
  readonly limits?: readonly string[];
}

export function callJson<T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...prepared(call), expect: call.expect });
}

/** For answers of which only the status counts. */
export function callBlind(ctx: Ctx, call: Call): Promise<HttpReply<null>> {
  return ctx.http.request({ ...prepared(call), expect: "none" });
}

/** Reads: nothing is changed where no answer comes. */
export const ask = <T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> =>
  question(() => callJson<T>(ctx, call));

function prepared({ limits, ...call }: Call): Omit<HttpRequest<unknown>, "expect"> {
  return { method: "GET", ...call, path: `/api/v2${call.path}`, scopes: limits ?? ["api"], mapError: requestError };
}

const errorBody = z.object({ error: z.union([z.string(), z.object({ title: z.string().nullish() })]).nullish() });

/** Names of errors such as RecordInvalid; descriptions may quote values. 401, 429 and 5xx are the HTTP client's. */
export function requestError(status: number, body: unknown): DeliveryError | undefined {
  const error = errorBody.safeParse(body).data?.error;
  const code = codeOf(snake(typeof error === "string" ? error : (error?.title ?? ""))) || `HTTP_${status}`;
  const context = { status, code };
  if (status === 403) {
    return new AuthFailed(`Zendesk answered 403 ${code}`, {
      hint: "The token's user must be an admin, or have a role that manages users and organizations; bulk imports of users are enabled by Zendesk's support.",
      context,
    });
  }
  if (status === 404) {
    return new TargetInvalid(`Zendesk answered 404 ${code}`, {
      hint: "Check the account's subdomain or base_url; a job's status is kept for an hour.",
      context,
    });
  }
  if (status === 400 || status === 413 || status === 422) {
    return new BatchRefused(`Zendesk answered ${status} ${code}`, {
      hint: "Mend the row's value in the model, or the mapping.",
      context,
      reason: code,
    });
  }
  return undefined;
}

/** RecordInvalid → Record_Invalid. */
export const snake = (text: string): string => text.replaceAll(/([a-z])([A-Z])/g, "$1_$2");
