import { z } from "zod";
import { AuthFailed } from "../../core/delivery-errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { Value } from "../../core/value.ts";
import { codeOf } from "../code.ts";
import type { AccountCtx } from "../connector.ts";
import { notFound, rejected, retried } from "../fates.ts";
import type { OnesignalAccount, Scope } from "./account.ts";

export type Ctx = AccountCtx<OnesignalAccount>;

interface Call {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly scope: Scope;
  /** Below /apps/{app_id}. */
  readonly path: string;
  readonly json?: Value;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON, null where there is none. */
  readonly body: unknown;
}

const refusals = [400, 404, 409, 422];

/** Answers of one row, refusals too: both are read by who asked. */
export async function send(ctx: Ctx, { scope, path, ...request }: Call): Promise<Answer> {
  const { status, body } = await ctx.http.request({
    ...request,
    path: `/apps/${encodeURIComponent(ctx.account.app_id)}${path}`,
    scopes: [scope],
    accept: refusals,
    // 202 may have no body.
    expect: "text",
    mapError: requestError,
  });
  return { status, body: parsed(body) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** 429 has Retry-After, which the HTTP client reads. */
export function requestError(status: number): Error | undefined {
  if (status !== 401 && status !== 403) return undefined;
  return new AuthFailed(`OneSignal answered ${status}: the API key was refused`, {
    hint: "Use the App API key of the app in app_id (Settings > Keys & IDs); organisation keys do not manage users.",
    context: { status },
  });
}

const entry = z.union([
  z.string().transform((title) => ({ code: "", title })),
  z.object({ code: z.string().nullish(), title: z.string().nullish() }),
]);
const errorsReply = z.object({ errors: z.array(entry).min(1) });

/** What a refusal means for its row: errors are objects of code and title, or sentences. Anything else is tried again. */
export function refusalFate({ status, body }: Answer): RowFate {
  const [first] = errorsReply.safeParse(body).data?.errors ?? [];
  if (first === undefined) return retried("UNKNOWN_ERROR", `OneSignal answered ${status} without a readable reason`);
  if (status === 404) return notFound;
  return rejected(codeOf(first.code) || "REFUSED", `OneSignal: ${first.title ?? "refused"}`);
}

/** Was it refused because there is nobody, and not by something on the way? */
export const isGone = (answer: Answer): boolean => answer.status === 404 && errorsReply.safeParse(answer.body).success;
