import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { type Ctx, callJson } from "./api.ts";
import { objectTypeId } from "./objects.ts";
import { listsPath } from "./paths.ts";

const list = z.object({
  listId: z.union([z.string(), z.number()]).transform(String),
  name: z.string().nullish(),
  processingType: z.string().nullish(),
  objectTypeId: z.string().nullish(),
});
const listReply = z.object({ list });
const missing = z.object({ status: z.literal("error") });

/** What `prepare` finds out. */
const state = z.object({ id: z.string().min(1) });

export function listId(prepared: Value): string {
  const read = state.safeParse(prepared);
  if (read.success) return read.data.id;
  throw new TargetInvalid("the list of this sync has not been looked up", { hint: "Run the sync again." });
}

export interface WantedList {
  readonly list: string;
  readonly object: string;
  readonly create: boolean;
}

/** The list of this name and object, or with this id; made if it is not there. A creation whose answer was lost is found by its name. */
export async function findOrCreateList(ctx: Ctx, wanted: WantedList): Promise<{ readonly id: string }> {
  const type = objectTypeId(wanted.object);
  const name = encodeURIComponent(wanted.list);
  const found =
    (await readList(ctx, `${listsPath(ctx.account)}/object-type-id/${type}/name/${name}`)) ??
    (/^\d{1,15}$/.test(wanted.list) ? await readList(ctx, `${listsPath(ctx.account)}/${wanted.list}`) : null);
  if (found === null) {
    if (wanted.create) return { id: (await createList(ctx, wanted.list, type)).listId };
    throw new TargetInvalid(`HubSpot has no list "${wanted.list}" of ${wanted.object}`, {
      hint: "Check the name or id in `to: {list: …}`, or leave out `create: false`.",
    });
  }
  // Members of dynamic lists follow from their filters. https://developers.hubspot.com/docs/guides/api/crm/lists/overview
  if (found.processingType === "DYNAMIC") {
    throw new TargetInvalid(`"${wanted.list}" is an active list, whose members follow from its filters`, {
      hint: "Name a static list, or a name that no list has yet.",
    });
  }
  if (found.objectTypeId != null && found.objectTypeId !== type) {
    throw new TargetInvalid(`"${wanted.list}" is a list of another object (${found.objectTypeId})`, {
      hint: "Set `to: {object: …}` to the list's own object.",
    });
  }
  return { id: found.listId };
}

async function readList(ctx: Ctx, path: string): Promise<z.output<typeof list> | null> {
  const { body } = await callJson(ctx, {
    method: "GET",
    path,
    scope: "crm.lists.read",
    accept: [404],
    expect: listReply.or(missing),
  });
  return "list" in body ? body.list : null;
}

/** https://developers.hubspot.com/docs/guides/api/crm/lists/overview#create-a-list */
async function createList(ctx: Ctx, name: string, type: string): Promise<z.output<typeof list>> {
  const { body } = await callJson(ctx, {
    method: "POST",
    path: `${listsPath(ctx.account)}/`,
    scope: "crm.lists.write",
    json: { name, objectTypeId: type, processingType: "MANUAL" },
    expect: listReply,
  });
  return body.list;
}
