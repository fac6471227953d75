import { z } from "zod";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, HttpReply, HttpRequest } from "../connector.ts";
import { question } from "../question.ts";
import type { ActiveCampaignAccount } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<ActiveCampaignAccount>;

interface Call {
  readonly method?: HttpRequest<unknown>["method"];
  /** Below /api/3. */
  readonly path: string;
  readonly json?: Value;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly accept?: readonly number[];
}

export function callJson<T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...prepared(call), expect: call.expect });
}

/** For answers that say nothing besides their status. */
export function callBlind(ctx: Ctx, call: Call): Promise<HttpReply<null>> {
  return ctx.http.request({ ...prepared(call), expect: "none" });
}

/** Reads: nothing is changed where no answer comes. */
export const ask = <T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> =>
  question(() => callJson<T>(ctx, call));

/** The most that a page has. https://developers.activecampaign.com/reference/pagination */
const pageRows = 100;

/** All that a listing has under the key `name`. */
export async function askAll<T>(ctx: Ctx, call: Call, name: string, item: z.ZodType<T>): Promise<readonly T[]> {
  const page = z.object({ [name]: z.array(item) });
  const all: T[] = [];
  for (let offset = 0; ; offset += pageRows) {
    const query = { ...call.query, limit: pageRows, ...(offset === 0 ? {} : { offset }) };
    const items = (await ask(ctx, { ...call, query, expect: page })).body[name] ?? [];
    all.push(...items);
    if (items.length < pageRows) return all;
  }
}

function prepared(call: Call): Omit<HttpRequest<unknown>, "expect"> {
  const scopes = call.path === "/import/bulk_import" ? ["api", "imports"] : ["api"];
  return { method: "GET", ...call, path: `/api/3${call.path}`, scopes, mapError: requestError };
}

/** Ids come as text, and as numbers from some of the resources. */
export const idText = z.union([z.string().min(1), z.int()]).transform(String);
