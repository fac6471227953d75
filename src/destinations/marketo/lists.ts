import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { ask, type Ctx } from "./api.ts";

const listsReply = z.object({
  success: z.literal(true),
  result: z.array(z.object({ id: z.number(), name: z.string() })).nullish(),
});
const state = z.object({ list: z.number() });

export function listId(prepared: Value): number {
  const read = state.safeParse(prepared);
  if (read.success) return read.data.list;
  throw new TargetInvalid("the list of this sync has not been looked up", { hint: "Run the sync again." });
}

/** A number is an id, a text a name. https://developer.adobe.com/marketo-apis/api/mapi/#tag/Static-Lists/operation/getListsUsingGET */
export async function findList(ctx: Ctx, wanted: string | number): Promise<number> {
  const query: Readonly<Record<string, string | number>> =
    typeof wanted === "number" ? { id: wanted } : { name: wanted };
  const { body } = await ask(ctx, { path: "/rest/v1/lists.json", query, expect: listsReply });
  const found = (body.result ?? []).filter((one) => one.id === wanted || one.name === wanted);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.id;
  throw new TargetInvalid(
    only === undefined ? `Marketo has no static list "${wanted}"` : `Marketo has several static lists "${wanted}"`,
    { hint: "Make the static list in Marketo, or name it by its id: the number after ST in the list's address." },
  );
}
