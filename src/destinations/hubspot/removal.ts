import type { Change } from "../../core/change.ts";
import { delivered, type Fates, noIdentifier } from "../fates.ts";
import type { Ctx } from "./api.ts";
import { resultMissing } from "./fates.ts";
import { findRecords, knownId } from "./lookup.ts";
import { folded, identifier } from "./values.ts";

/** Record ids of rows to remove, asked for where no earlier delivery told them. Who is not there is removed already. */
export async function idsToRemove(
  ctx: Ctx,
  object: string,
  by: string,
  changes: readonly Change[],
  fates: Fates,
): Promise<readonly { readonly seq: number; readonly id: string }[]> {
  const rows: { seq: number; id: string }[] = [];
  const asked: { seq: number; value: string }[] = [];
  for (const change of changes) {
    const value = identifier(change, by);
    const id = knownId(change, by, value);
    if (id !== null) rows.push({ seq: change.seq, id });
    else if (value !== null) asked.push({ seq: change.seq, value });
    else fates.set(change.seq, noIdentifier);
  }
  const found = await findRecords(
    ctx,
    { object, by },
    asked.map((row) => row.value),
  );
  for (const { seq, value } of asked) {
    const there = found.get(folded(value));
    if (there?.kind === "one") rows.push({ seq, id: there.id });
    else fates.set(seq, there?.kind === "none" ? delivered() : resultMissing);
  }
  return rows;
}
