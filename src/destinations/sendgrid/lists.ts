import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { ask, type Ctx, callJson } from "./api.ts";

const list = z.object({ id: z.string(), name: z.string() });
const page = z.object({
  result: z.array(list),
  _metadata: z.object({ next: z.string().nullish() }).nullish(),
});

const state = z.object({ list: z.string() });

export function listId(prepared: Value): string {
  const read = state.safeParse(prepared);
  if (read.success) return read.data.list;
  throw new TargetInvalid("the list of this sync has not been looked up", { hint: "Run the sync again." });
}

/** The list of this name or id, made if there is none; a creation whose answer was lost is found by its name. */
export async function findOrCreateList(ctx: Ctx, wanted: string, create: boolean): Promise<string> {
  let token: string | null = "";
  while (token !== null) {
    const { body }: { body: z.output<typeof page> } = await ask(ctx, {
      path: "/v3/marketing/lists",
      scope: "marketing.read",
      query: { page_size: 1_000, ...(token === "" ? {} : { page_token: token }) },
      expect: page,
    });
    const found = body.result.find((one) => one.name === wanted || one.id === wanted);
    if (found !== undefined) return found.id;
    token = nextToken(body._metadata?.next, token);
  }
  if (!create) {
    throw new TargetInvalid(`SendGrid has no list "${wanted}"`, {
      hint: "Check the name or id in `to: {list: …}`, or leave out `create: false`.",
    });
  }
  const { body } = await callJson(ctx, {
    method: "POST",
    path: "/v3/marketing/lists",
    scope: "marketing",
    json: { name: wanted },
    expect: list,
  });
  return body.id;
}

/** Only the token of the link is taken: it names SendGrid's own host, which a proxy's base_url is not. */
function nextToken(next: string | null | undefined, last: string): string | null {
  if (typeof next !== "string") return null;
  const token = URL.parse(next, "https://api.sendgrid.com")?.searchParams.get("page_token") ?? null;
  return token === last ? null : token;
}
