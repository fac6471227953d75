import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { ask, type Ctx, callJson } from "./api.ts";

/** https://developers.brevo.com/reference/get-lists */
const pageRows = 50;

const listsPage = z.object({ lists: z.array(z.object({ id: z.int(), name: z.string() })).nullish() });
const foldersPage = z.object({ folders: z.array(z.object({ id: z.int() })).nullish() });
const made = z.object({ id: z.int() });

const state = z.object({ list: z.int() });

export function listId(prepared: Value): number {
  const read = state.safeParse(prepared);
  if (read.success) return read.data.list;
  throw new TargetInvalid("the list of this sync has not been looked up", { hint: "Run the sync again." });
}

export interface WantedList {
  readonly list: string;
  readonly create: boolean;
  readonly folder?: number | undefined;
}

/** The list of this name, else with this id, made in the folder if there is none; a creation whose answer was lost is found by its name. */
export async function findOrCreateList(ctx: Ctx, wanted: WantedList): Promise<number> {
  let byId: number | null = null;
  for (let offset = 0; ; offset += pageRows) {
    const { body } = await ask(ctx, {
      path: "/contacts/lists",
      query: { limit: pageRows, offset, sort: "asc" },
      expect: listsPage,
    });
    const lists = body.lists ?? [];
    const named = lists.filter((list) => list.name === wanted.list);
    if (named.length > 1) throw ambiguous(wanted.list);
    if (named[0] !== undefined) return named[0].id;
    byId ??= lists.find((list) => String(list.id) === wanted.list)?.id ?? null;
    if (lists.length < pageRows) break;
  }
  if (byId !== null) return byId;
  if (!wanted.create) {
    throw new TargetInvalid(`Brevo has no list "${wanted.list}"`, {
      hint: "Check the name or id in `to: {list: …}`, or leave out `create: false`.",
    });
  }
  const folderId = wanted.folder ?? (await firstFolder(ctx));
  const json = { name: wanted.list, folderId };
  return (await callJson(ctx, { method: "POST", path: "/contacts/lists", json, expect: made })).body.id;
}

const ambiguous = (name: string): TargetInvalid =>
  new TargetInvalid(`Brevo has several lists "${name}"`, { hint: "Name the list by its id in `to: {list: …}`." });

async function firstFolder(ctx: Ctx): Promise<number> {
  const query = { limit: 1, offset: 0, sort: "asc" };
  const { body } = await ask(ctx, { path: "/contacts/folders", query, expect: foldersPage });
  const [first] = body.folders ?? [];
  if (first !== undefined) return first.id;
  throw new TargetInvalid("Brevo has no folder to make the list in", {
    hint: "Make a folder or the list under Contacts > Lists.",
  });
}
