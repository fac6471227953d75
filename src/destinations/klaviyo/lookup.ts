import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { Endpoint } from "./account.ts";
import { type Ctx, filterText, getPages } from "./api.ts";
import { givenIdentifiers, identifierName } from "./profiles.ts";

/** Values in one `any(…)`: as many as a page has results. No figure is published. https://developers.klaviyo.com/en/docs/filtering_ */
export const valuesPerFilter = 100;

/** URLs over 8 KB are refused by many proxies; no figure is published. */
const maxFilterBytes = 6_000;

const profile = z.object({
  id: z.string().min(1),
  attributes: z.object({
    email: z.string().nullish(),
    phone_number: z.string().nullish(),
    external_id: z.string().nullish(),
  }),
});
export const profilePage = z.object({
  data: z.array(profile),
  links: z.object({ next: z.string().nullish() }).optional(),
});
export type FoundProfile = z.output<typeof profile>;

/** Where to look: all profiles, or a list's. A list is filtered by email and phone number only. */
export interface Among {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly scope: string;
  readonly by: readonly string[];
}

export const amongAll: Among = {
  endpoint: "profiles-read",
  path: "/api/profiles",
  scope: "profiles:read",
  by: ["id", "email", "phone_number", "external_id"],
};

export const amongList = (list: string): Among => ({
  endpoint: "list-profiles-read",
  path: `/api/lists/${list}/profiles`,
  scope: "lists:read",
  by: ["email", "phone_number"],
});

/** Ids of the profiles of these changes, by seq; a change without a profile is not in it. One filter per hundred identifiers of a kind. */
export async function findProfiles(
  ctx: Ctx,
  among: Among,
  changes: readonly Change[],
  use: "first" | "id" = "first",
): Promise<ReadonlyMap<number, string>> {
  const wanted = new Map<string, { readonly value: string; readonly seq: number }[]>();
  for (const change of changes) {
    const [name, value] = nameOf(change, among, use) ?? [];
    if (name === undefined || value === undefined) continue;
    wanted.set(name, [...(wanted.get(name) ?? []), { value, seq: change.seq }]);
  }
  const found = new Map<number, string>();
  for (const [name, rows] of wanted) {
    const ids = new Map<string, string>();
    for (const filter of anyFilters(
      name,
      rows.map((row) => row.value),
    )) {
      const query = { filter, "fields[profile]": "email,phone_number,external_id", "page[size]": 100 };
      for (const item of await getPages(ctx, { ...among, query, expect: profilePage })) {
        for (const [kind, value] of namesOf(item)) ids.set(identifierName(kind, value), item.id);
      }
    }
    for (const { value, seq } of rows) {
      const id = ids.get(identifierName(name, value));
      if (id !== undefined) found.set(seq, id);
    }
  }
  return found;
}

/** Those of these profile ids that are still there. */
export async function findIds(ctx: Ctx, ids: readonly string[]): Promise<readonly string[]> {
  const there: string[] = [];
  for (const filter of anyFilters("id", ids)) {
    const query = { filter, "fields[profile]": "email", "page[size]": 100 };
    for (const item of await getPages(ctx, { ...amongAll, query, expect: profilePage })) there.push(item.id);
  }
  return there;
}

function nameOf(change: Change, among: Among, use: "first" | "id"): readonly [string, string] | undefined {
  if (use === "id" && change.externalId !== undefined) return ["id", change.externalId];
  return givenIdentifiers(change.match).find(([name]) => among.by.includes(name));
}

export function namesOf(item: FoundProfile): readonly (readonly [string, string])[] {
  const { email, phone_number, external_id } = item.attributes;
  const all = [
    ["id", item.id],
    ["email", email],
    ["phone_number", phone_number],
    ["external_id", external_id],
  ] as const;
  return all.flatMap(([name, value]) => (typeof value === "string" && value !== "" ? [[name, value] as const] : []));
}

export function anyFilters(name: string, values: readonly string[]): string[] {
  const filters: string[] = [];
  let open: string[] = [];
  let used = 0;
  const close = () => {
    if (open.length > 0) filters.push(`any(${name},[${open.join(",")}])`);
    open = [];
    used = 0;
  };
  for (const text of new Set(values.map(filterText))) {
    const cost = encodeURIComponent(`${text},`).length;
    if (open.length >= valuesPerFilter || used + cost > maxFilterBytes) close();
    open.push(text);
    used += cost;
  }
  close();
  return filters;
}
