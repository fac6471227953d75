import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import { apiPath, type Ctx, jsonHeaders } from "./batch.ts";
import { requestError } from "./errors.ts";

/** Kinds of members. https://learn.microsoft.com/en-us/dynamics365/developer/reference/entities/list */
export const memberTables = { accounts: 1, contacts: 2, leads: 4 } as const;
export type MemberTable = keyof typeof memberTables;

const list = z.object({
  listid: z.string().min(1),
  listname: z.string().nullish(),
  /** true: dynamic. */
  type: z.boolean().nullish(),
  createdfromcode: z.number().nullish(),
});
const page = z.object({ value: z.array(list) });

const state = z.object({ id: z.string().min(1) });

export function listId(prepared: Value): string {
  const read = state.safeParse(prepared);
  if (read.success) return read.data.id;
  throw new TargetInvalid("the list of this sync has not been looked up", { hint: "Run the sync again." });
}

export interface WantedList {
  readonly list: string;
  readonly table: MemberTable;
  readonly create: boolean;
}

/** The static list of this name, or with this id; made if it is not there. A creation whose answer was lost is found by its name. */
export async function findOrCreateList(ctx: Ctx, wanted: WantedList): Promise<{ readonly id: string }> {
  const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(wanted.list);
  const name = `listname eq '${wanted.list.replaceAll("'", "''")}'`;
  const { body } = await ctx.http.request({
    method: "GET",
    path: `${apiPath(ctx)}/lists`,
    query: {
      $select: "listid,listname,type,createdfromcode",
      $filter: guid ? `listid eq ${wanted.list} or ${name}` : name,
    },
    headers: jsonHeaders,
    expect: page,
    mapError: requestError,
  });
  const [found, other] = body.value;
  if (other !== undefined) {
    throw new TargetInvalid(`Dataverse has ${body.value.length} lists of the name "${wanted.list}"`, {
      hint: `Name the one you mean by its id in \`to: {list: …}\`: ${body.value.map((one) => one.listid).join(", ")}.`,
    });
  }
  if (found === undefined) {
    if (wanted.create) return { id: await createList(ctx, wanted) };
    throw new TargetInvalid(`Dataverse has no list "${wanted.list}"`, {
      hint: "Check the name or id in `to: {list: …}`, or leave out `create: false`.",
    });
  }
  if (found.type === true || (found.createdfromcode ?? memberTables[wanted.table]) !== memberTables[wanted.table]) {
    throw new TargetInvalid(`the list "${wanted.list}" is dynamic, or not one of ${wanted.table}`, {
      hint: "Name a static list of the same table, or a name that no list has yet.",
    });
  }
  return { id: found.listid };
}

async function createList(ctx: Ctx, wanted: WantedList): Promise<string> {
  const { body } = await ctx.http.request({
    method: "POST",
    path: `${apiPath(ctx)}/lists`,
    headers: { ...jsonHeaders, prefer: "return=representation" },
    json: { listname: wanted.list, type: false, createdfromcode: memberTables[wanted.table] },
    expect: list,
    mapError: requestError,
  });
  return body.listid;
}
