import { z } from "zod";
import { chunks } from "../fates.ts";
import { type Identified, lowered } from "../identified.ts";
import { ask, type Ctx } from "./api.ts";
import type { Thing } from "./things.ts";

/** https://developer.zendesk.com/api-reference/ticketing/users/users/#show-many-users */
export const maxRecords = 100;

const record = z.object({
  id: z.number().transform(String),
  external_id: z.string().nullish(),
  email: z.string().nullish(),
  /** false: deleted before. */
  active: z.boolean().nullish(),
});
const many = z.object({ users: z.array(record).optional(), organizations: z.array(record).optional() });
export type Found = z.output<typeof record>;

/** Records by ids or external ids, a hundred a request; deleted ones are left out. */
export async function showMany(
  ctx: Ctx,
  thing: Thing,
  by: "ids" | "external_ids",
  values: readonly string[],
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const part of chunks([...new Set(values)], maxRecords)) {
    const { body } = await ask(ctx, {
      path: `/${thing.plural}/show_many`,
      query: { [by]: part.join(",") },
      expect: many,
    });
    found.push(...(body[thing.plural] ?? []).filter((one) => one.active !== false));
  }
  return found;
}

/** The user with exactly this address; a search finds parts of one, too. */
async function findByEmail(ctx: Ctx, email: string): Promise<string | null> {
  const query = { query: `email:"${email.replaceAll('"', "")}"` };
  const { body } = await ask(ctx, { path: "/users/search", query, expect: many });
  const same = (body.users ?? []).find((user) => user.active !== false && lowered(user.email ?? "") === lowered(email));
  return same?.id ?? null;
}

/** Ids of rows by their own value of `external_id` (a hundred a request) or `email` (one by one); null: not there. */
export async function idsOf(
  ctx: Ctx,
  thing: Thing,
  by: string,
  rows: readonly Identified[],
): Promise<ReadonlyMap<number, string | null>> {
  if (by === "email") {
    const found = new Map<number, string | null>();
    for (const row of rows) found.set(row.change.seq, await findByEmail(ctx, row.value));
    return found;
  }
  // A comma would part the list: such an id is looked for by nobody.
  const askable = rows.filter((row) => !row.value.includes(","));
  const records = await showMany(
    ctx,
    thing,
    "external_ids",
    askable.map((row) => row.value),
  );
  const ids = new Map(records.map((one) => [lowered(one.external_id ?? ""), one.id]));
  return new Map(rows.map((row) => [row.change.seq, ids.get(lowered(row.value)) ?? null]));
}
