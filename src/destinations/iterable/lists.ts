import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { question } from "../question.ts";
import { type Ctx, call } from "./api.ts";

const listsReply = z.object({ lists: z.array(z.object({ id: z.int(), name: z.string(), listType: z.string() })) });
const created = z.object({ listId: z.int() });
const state = z.object({ id: z.int() });

/** What `prepare` found. */
export function listId(prepared: Value): number {
  const read = state.safeParse(prepared);
  if (read.success) return read.data.id;
  throw new TargetInvalid("the list of this sync has not been looked up", { hint: "Run the sync again." });
}

/** The static list of this name, or with this id; made if it is not there. A creation whose answer was lost is found by its name. */
export async function findOrCreateList(
  ctx: Ctx,
  wanted: { readonly list: string; readonly create: boolean },
): Promise<{ readonly id: number }> {
  const { body } = await question(() =>
    call(ctx, { method: "GET", scope: "lists", path: "/api/lists", expect: listsReply }),
  );
  const byName = body.lists.filter((list) => list.name === wanted.list);
  const found = byName.length > 0 ? byName : body.lists.filter((list) => String(list.id) === wanted.list);
  const [first] = found;
  if (found.length > 1) {
    throw new TargetInvalid(`Iterable has ${found.length} lists of the name "${wanted.list}"`, {
      hint: "Name the list by its id in `to: {list: …}`.",
    });
  }
  if (first === undefined && !wanted.create) {
    throw new TargetInvalid(`Iterable has no list "${wanted.list}"`, {
      hint: "Check the name or id in `to: {list: …}`, or leave out `create: false`.",
    });
  }
  if (first === undefined) return { id: await createList(ctx, wanted.list) };
  if (first.listType === "Standard") return { id: first.id };
  throw new TargetInvalid(`"${wanted.list}" is no static list but of the type ${first.listType}`, {
    hint: "Members of dynamic lists follow from their filters: name a static list, or a name that no list has yet.",
  });
}

async function createList(ctx: Ctx, name: string): Promise<number> {
  const { body } = await call(ctx, {
    method: "POST",
    scope: "lists",
    path: "/api/lists",
    json: { name },
    expect: created,
  });
  return body.listId;
}
