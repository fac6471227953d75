import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { ask, askAll, type Ctx, callJson, idText } from "./api.ts";

const state = z.object({ id: z.string() });

/** The list's or tag's id, as `prepare` found it. */
export function preparedId(prepared: Value): string {
  const read = state.safeParse(prepared);
  if (read.success) return read.data.id;
  throw new TargetInvalid("the list or tag of this sync has not been looked up", { hint: "Run the sync again." });
}

const listItem = z.object({ id: idText, name: z.string() });
const listReply = z.union([z.object({ list: z.object({ id: idText }) }), z.object({ message: z.string().optional() })]);

/** The list of this name, else with this id. https://developers.activecampaign.com/reference/retrieve-all-lists */
export async function findList(ctx: Ctx, wanted: string): Promise<string> {
  const lists = await askAll(ctx, { path: "/lists", query: { "filters[name]": wanted } }, "lists", listItem);
  const named = lists.filter((one) => one.name === wanted);
  if (named.length > 1) {
    throw new TargetInvalid(`ActiveCampaign has several lists "${wanted}"`, {
      hint: "Name the list by its id in `to: {list: …}`.",
    });
  }
  if (named[0] !== undefined) return named[0].id;
  if (/^\d+$/.test(wanted)) {
    const { body } = await ask(ctx, { path: `/lists/${wanted}`, accept: [404], expect: listReply });
    if ("list" in body) return body.list.id;
  }
  throw new TargetInvalid(`ActiveCampaign has no list "${wanted}"`, {
    hint: "Make it under Contacts > Lists, or correct the name or id in `to: {list: …}`; the key's user must be allowed to see it.",
  });
}

const tagItem = z.object({ id: idText, tag: z.string(), tagType: z.string() });
const tagReply = z.object({ tag: z.object({ id: idText }) });

/** The contact tag of this name, made if there is none. https://developers.activecampaign.com/reference/retrieve-all-tags */
export async function findOrCreateTag(ctx: Ctx, wanted: string, create: boolean): Promise<string> {
  const tags = await askAll(ctx, { path: "/tags", query: { search: wanted } }, "tags", tagItem);
  const found = tags.find((one) => one.tag === wanted && one.tagType === "contact");
  if (found !== undefined) return found.id;
  if (!create) {
    throw new TargetInvalid(`ActiveCampaign has no contact tag "${wanted}"`, {
      hint: "Check the name in `to: {tag: …}`, or leave out `create: false`.",
    });
  }
  const json = { tag: { tag: wanted, tagType: "contact", description: "" } };
  return (await callJson(ctx, { method: "POST", path: "/tags", json, expect: tagReply })).body.tag.id;
}
