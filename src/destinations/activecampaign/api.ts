import { z } from "zod";
import { type Call, callsOf } from "../calls.ts";
import type { AccountCtx } from "../connector.ts";
import type { ActiveCampaignAccount } from "./account.ts";
import { requestError } from "./errors.ts";

export type Ctx = AccountCtx<ActiveCampaignAccount>;

/** Paths follow /api/3. */
export const { callJson, callBlind, ask } = callsOf<ActiveCampaignAccount>((call) => ({
  ...call,
  path: `/api/3${call.path}`,
  scopes: call.path === "/import/bulk_import" ? ["api", "imports"] : ["api"],
  mapError: requestError,
}));

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

/** Ids come as text, and as numbers from some of the resources. */
export const idText = z.union([z.string().min(1), z.int()]).transform(String);
