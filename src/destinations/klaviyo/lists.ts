import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { type Ctx, filterText, getJson, getPages, postJson } from "./api.ts";

export const listOptions = {
  /** The list's name or id. */
  list: z.string().trim().min(1),
  /** Make the list when no list has this name. */
  create: z.boolean().default(true),
};

const listItem = z.object({ id: z.string().min(1), attributes: z.object({ name: z.string().nullish() }) });
const listPage = z.object({ data: z.array(listItem), links: z.object({ next: z.string().nullish() }).optional() });
const oneList = z.object({ data: listItem });

/** What `prepare` finds out. */
const state = z.object({ id: z.string().min(1), name: z.string() });
export type ListState = z.output<typeof state>;

/** The list's id for a sync that has been prepared. */
export function listId(prepared: Value): string {
  const read = state.safeParse(prepared);
  if (read.success) return read.data.id;
  throw new TargetInvalid("the list of this sync has not been looked up", { hint: "Run the sync again." });
}

/** The one list with exactly this name, or with this id; made if it is not there. A creation whose answer was lost is found by its name. */
export async function findOrCreateList(
  ctx: Ctx,
  options: { readonly list: string; readonly create: boolean },
): Promise<ListState> {
  const named = await getPages(ctx, {
    endpoint: "lists-read",
    scope: "lists:read",
    path: "/api/lists",
    query: { filter: `equals(name,${filterText(options.list)})`, "fields[list]": "name" },
    expect: listPage,
  });
  const exact = named.filter((list) => list.attributes.name === options.list);
  const [first] = exact;
  if (exact.length > 1) {
    throw new TargetInvalid(`Klaviyo has ${exact.length} lists of the name "${options.list}"`, {
      hint: `Name the one you mean by its id in \`to: {list: …}\`: ${exact.map((list) => list.id).join(", ")}.`,
    });
  }
  if (first !== undefined) return { id: first.id, name: options.list };
  const byId = await listById(ctx, options.list);
  if (byId !== null) return byId;
  if (options.create) return createList(ctx, options.list);
  throw new TargetInvalid(`Klaviyo has no list "${options.list}"`, {
    hint: "Check the name or id in `to: {list: …}`, or leave out `create: false`.",
  });
}

/** Ids are short runs of letters and digits ("Y6nRLr" in the description); their length is not promised. */
async function listById(ctx: Ctx, id: string): Promise<ListState | null> {
  if (!/^[A-Za-z0-9]{4,32}$/.test(id)) return null;
  const reply = await getJson(ctx, {
    endpoint: "lists-read",
    scope: "lists:read",
    path: `/api/lists/${id}`,
    accept: [404],
    expect: oneList.or(z.object({ errors: z.array(z.unknown()) })),
  });
  return "data" in reply.body ? { id: reply.body.data.id, name: reply.body.data.attributes.name ?? id } : null;
}

/** 150 lists a day may be made (x-klaviyo-ratelimit of create_list). https://developers.klaviyo.com/en/reference/create_list */
async function createList(ctx: Ctx, name: string): Promise<ListState> {
  const reply = await postJson(ctx, {
    endpoint: "lists-write",
    scope: "lists:write",
    path: "/api/lists",
    json: { data: { type: "list", attributes: { name } } },
    expect: oneList,
  });
  return { id: reply.body.data.id, name };
}
