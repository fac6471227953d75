import type { z } from "zod";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, HttpReply, HttpRequest } from "../connector.ts";
import { type Endpoint, type KlaviyoAccount, scopesOf } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<KlaviyoAccount>;

interface Call {
  readonly endpoint: Endpoint;
  readonly path: string;
  /** The OAuth scope the request needs, for the error that says it is missing. */
  readonly scope: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly accept?: readonly number[];
}

const media = "application/vnd.api+json";

export function getJson<T>(ctx: Ctx, call: Call & { readonly expect: z.ZodType<T> }): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...prepared(call), method: "GET", expect: call.expect });
}

export function postJson<T>(
  ctx: Ctx,
  call: Call & { readonly json: Value; readonly expect: z.ZodType<T> },
): Promise<HttpReply<T>> {
  return ctx.http.request<T>({ ...prepared(call), method: "POST", json: call.json, expect: call.expect });
}

/** For requests answered without a body; the text is that of an accepted refusal. */
export function postBlind(ctx: Ctx, call: Call & { readonly json: Value }): Promise<HttpReply<string>> {
  return ctx.http.request({ ...prepared(call), method: "POST", json: call.json, expect: "text" });
}

export function deleteJson(ctx: Ctx, call: Call & { readonly json: Value }): Promise<HttpReply<null>> {
  return ctx.http.request({ ...prepared(call), method: "DELETE", json: call.json, expect: "none" });
}

type Prepared = Pick<HttpRequest<unknown>, "path" | "headers" | "scopes" | "mapError" | "query" | "accept">;

function prepared({ endpoint, path, scope, query, accept }: Call): Prepared {
  return {
    path,
    scopes: scopesOf(endpoint),
    mapError: requestError(scope),
    headers: { accept: media, "content-type": media },
    ...(query === undefined ? {} : { query }),
    ...(accept === undefined ? {} : { accept }),
  };
}

/**
 * Items of every page. Only the cursor of `links.next` is taken: the link names Klaviyo's own host, which a proxy's base_url is not.
 * https://developers.klaviyo.com/en/docs/pagination_
 */
export async function getPages<T>(
  ctx: Ctx,
  call: Call & {
    readonly expect: z.ZodType<{
      readonly data: readonly T[];
      readonly links?: { readonly next?: string | null | undefined } | undefined;
    }>;
  },
): Promise<readonly T[]> {
  const items: T[] = [];
  const seen = new Set<string>();
  let query = call.query ?? {};
  for (;;) {
    const { body } = await getJson(ctx, { ...call, query });
    items.push(...body.data);
    const cursor = cursorOf(body.links?.next);
    if (cursor === null || seen.has(cursor)) return items;
    seen.add(cursor);
    query = { ...query, "page[cursor]": cursor };
  }
}

function cursorOf(next: string | null | undefined): string | null {
  if (typeof next !== "string" || next === "") return null;
  return URL.parse(next, "https://a.klaviyo.com")?.searchParams.get("page[cursor]") ?? null;
}

/** A text in a filter. https://developers.klaviyo.com/en/docs/filtering_ */
export function filterText(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
