import { z } from "zod";
import { chunks, type Fates, rejected } from "../fates.ts";
import { type Identified, lowered } from "../identified.ts";
import { ask, type Ctx } from "./api.ts";

/** https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/leads: 300 leads, 300 values, 300 ids. */
export const maxLeads = 300;
/** A URI of 8 KB is refused; host and path have room. */
const maxQuery = 7_000;

const page = z.object({
  success: z.literal(true),
  result: z.array(z.record(z.string(), z.unknown())).nullish(),
  moreResult: z.boolean().nullish(),
  nextPageToken: z.string().nullish(),
});

/** Ids of leads by rows' own value of the field `by`: several where Marketo has duplicates, none where it has nobody. */
export async function idsOf(
  ctx: Ctx,
  by: string,
  rows: readonly Identified[],
  fates: Fates,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, readonly string[]>();
  const askable: Identified[] = [];
  for (const row of rows) {
    const numeric = by === "id" && /^\d{1,18}$/.test(row.value);
    if (numeric) found.set(row.change.seq, [row.value]);
    else if (by === "id" || row.value.includes(",")) fates.set(row.change.seq, unaskable);
    else askable.push(row);
  }
  for (const part of chunks(askable, maxLeads)) {
    const ids = await findIds(
      ctx,
      by,
      part.map((row) => row.value),
    );
    for (const row of part) found.set(row.change.seq, ids.get(lowered(row.value)) ?? []);
  }
  return found;
}

/** A comma would part the values, and somebody else could be meant. */
const unaskable = rejected("MATCH_UNREADABLE", "Marketo cannot be asked for a lead by this identifier");

async function findIds(
  ctx: Ctx,
  by: string,
  values: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const ids = new Map<string, string[]>();
  const asked = { filterType: by, filterValues: [...new Set(values)].join(","), fields: `id,${by}` };
  for (let token: string | null = ""; token !== null; ) {
    const query: Readonly<Record<string, string>> = token === "" ? asked : { ...asked, nextPageToken: token };
    const { body }: { body: z.output<typeof page> } = await ask(ctx, { ...filter(query), expect: page });
    for (const lead of body.result ?? []) {
      const [id, value] = [lead.id, lead[by]];
      if (typeof id !== "number" || (typeof value !== "string" && typeof value !== "number")) continue;
      const key = lowered(String(value));
      ids.set(key, [...(ids.get(key) ?? []), String(id)]);
    }
    const next: string | null = body.nextPageToken ?? null;
    token = next === token || next === "" || body.moreResult === false ? null : next;
  }
  return ids;
}

/** https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/error-codes#414 */
function filter(query: Readonly<Record<string, string>>) {
  const path = "/rest/v1/leads.json";
  if (new URLSearchParams(query).toString().length <= maxQuery) return { path, query };
  return { method: "POST", path, query: { _method: "GET" }, json: query, encoding: "form" } as const;
}
