import type { RowFate } from "../../core/result.ts";
import { chunks, delivered, type Fates, resultMissing } from "../fates.ts";
import type { Identified } from "../identified.ts";
import type { Ctx } from "./api.ts";
import { idsOf, maxLeads } from "./lookup.ts";
import type { IdFate } from "./results.ts";

type Apply = (ids: readonly string[]) => Promise<ReadonlyMap<string, IdFate>>;

/**
 * Does something to rows' leads by their ids: by remembered ones first. A lead that is gone by its remembered id may have been
 * merged into another, so it is looked for like one that was never known; who is not found then is gone for good.
 */
export async function byIds(
  ctx: Ctx,
  by: string,
  rows: readonly Identified[],
  fates: Fates,
  apply: Apply,
): Promise<void> {
  const known = rows.filter((row) => row.change.externalId !== undefined);
  const first = await applied(new Map(known.map((row) => [row.change.seq, [row.change.externalId ?? ""]])), apply);
  for (const [seq, fate] of first) if (fate !== "gone") fates.set(seq, fate);
  const open = rows.filter((row) => !fates.has(row.change.seq));
  const found = await idsOf(ctx, by, open, fates);
  for (const [seq, fate] of await applied(found, apply)) fates.set(seq, fate === "gone" ? delivered() : fate);
}

/** A row with several leads is as well off as the worst of them. */
async function applied(
  ids: ReadonlyMap<number, readonly string[]>,
  apply: Apply,
): Promise<ReadonlyMap<number, IdFate>> {
  const told = new Map<string, IdFate>();
  for (const part of chunks([...new Set([...ids.values()].flat())], maxLeads)) {
    for (const [id, fate] of await apply(part)) told.set(id, fate);
  }
  return new Map(
    [...ids].map(([seq, own]) => {
      const fates = own.map((id) => told.get(id) ?? resultMissing("Marketo"));
      const there = fates.filter((fate): fate is RowFate => fate !== "gone");
      return [seq, there.find((fate) => fate.status !== "delivered") ?? there[0] ?? "gone"];
    }),
  );
}
