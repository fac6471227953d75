import type { Change } from "../../core/change.ts";
import type { Row } from "../../core/value.ts";
import type { Batch } from "../connector.ts";
import { chunks, delivered, type Fates, noIdentifier } from "../fates.ts";
import { type Ctx, callJson } from "./api.ts";
import { batchReply, type Item, readBatch } from "./batch-answer.ts";
import { notFound } from "./errors.ts";
import { duplicateMatch, resultMissing } from "./fates.ts";
import { type Found, findRecords, knownId, maxObjects } from "./lookup.ts";
import { objectScope, recordId } from "./objects.ts";
import { objectsPath } from "./paths.ts";
import { folded, identifier, tooLong, toProperties } from "./values.ts";

export interface Writing {
  readonly object: string;
  /** The unique property that finds the record, or hs_object_id. */
  readonly by: string;
  readonly writes: Batch["writes"];
  readonly onlyIfEmpty: readonly string[];
}

interface Named {
  readonly change: Change;
  readonly value: string;
}

/** Writes records, asking for ids and present values only where the mode or a moved identifier needs them. Adds to `fates`. */
export async function writeRecords(ctx: Ctx, what: Writing, changes: readonly Change[], fates: Fates): Promise<void> {
  const rows = usable(changes, what.by, fates);
  const asked = rows.filter((row) => mustAsk(row, what));
  const found = await findRecords(
    ctx,
    { object: what.object, by: what.by, properties: what.onlyIfEmpty },
    asked.map((row) => row.value),
  );
  const upserts: Item[] = [];
  const updates: Item[] = [];
  for (const row of rows) {
    const there = mustAsk(row, what) ? (found.get(folded(row.value)) ?? { kind: "unclear" as const }) : null;
    if (there?.kind === "unclear") fates.set(row.change.seq, resultMissing);
    else if (what.writes === "insert" && there?.kind === "one") fates.set(row.change.seq, delivered(there.id));
    else if (goesById(row, what)) addUpdate(row, what, there, updates, fates);
    else upserts.push(toItem(row, what, there, row.value));
  }
  await send(ctx, what, "update", updates, fates);
  // A moved record that is gone meanwhile is made again under its new identifiers.
  for (const row of rows.filter(({ change }) => isMoved(change) && fates.get(change.seq) === notFound)) {
    fates.delete(row.change.seq);
    upserts.push(toItem(row, what, null, row.value));
  }
  await send(ctx, what, "upsert", upserts, fates);
}

/** Rows with an identifier that no other row of the request has, and that can fit. */
export function usable(changes: readonly Change[], by: string, fates: Fates): readonly Named[] {
  const taken = new Set<string>();
  const rows: Named[] = [];
  for (const change of changes) {
    const value = identifier(change, by);
    const flaw = value === null ? noIdentifier : taken.has(folded(value)) ? duplicateMatch : tooLong(change);
    if (value === null || flaw !== null) {
      fates.set(change.seq, flaw ?? noIdentifier);
      continue;
    }
    taken.add(folded(value));
    rows.push({ change, value });
  }
  return rows;
}

function mustAsk(row: Named, what: Writing): boolean {
  if (what.writes === "insert" || what.onlyIfEmpty.length > 0) return true;
  return what.writes === "update" && knownId(row.change, what.by, row.value) === null;
}

/** Upserts need a unique property; batch updates are sent by record id, which works for every object. */
function goesById(row: Named, what: Writing): boolean {
  return what.writes === "update" || what.by === recordId || isMoved(row.change);
}

/** The record is known by its id and gets new identifiers. */
const isMoved = (change: Change): boolean => change.movedFrom !== undefined && change.externalId !== undefined;

function addUpdate(row: Named, what: Writing, there: Found | null, updates: Item[], fates: Fates): void {
  const id = there?.kind === "one" ? there.id : knownId(row.change, what.by, row.value);
  if (id === null || (there?.kind === "none" && !isMoved(row.change))) fates.set(row.change.seq, notFound);
  else updates.push(toItem(row, what, there, id));
}

function toItem({ change }: Named, what: Writing, there: Found | null, id: string): Item {
  const { [recordId]: _own, ...match } = change.match;
  // An update leaves identifiers alone, unless they are what moved.
  const identifiers: Row = what.writes === "update" && !isMoved(change) ? {} : match;
  const properties = there?.kind === "one" ? there.properties : {};
  const full = new Set(what.onlyIfEmpty.filter((name) => (properties[name] ?? "") !== ""));
  const fields = Object.entries({ ...identifiers, ...change.fields }).filter(([name]) => !full.has(name));
  return { seq: change.seq, id, properties: toProperties(Object.fromEntries(fields)) };
}

async function send(
  ctx: Ctx,
  what: Writing,
  how: "upsert" | "update",
  items: readonly Item[],
  fates: Fates,
): Promise<void> {
  const by = how === "update" ? recordId : what.by;
  for (const part of chunks(items, maxObjects)) {
    const { body } = await callJson(ctx, {
      method: "POST",
      path: `${objectsPath(ctx.account, what.object)}/batch/${how}`,
      scope: objectScope(what.object, "write"),
      json: { inputs: part.map((item) => toInput(item, by)) },
      expect: batchReply,
    });
    for (const [seq, fate] of readBatch(part, by, body)) fates.set(seq, fate);
  }
}

/** https://developers.hubspot.com/docs/api-reference/legacy/crm/objects/contacts/batch/upsert-contacts */
export function toInput(item: Item, by: string): Row {
  return {
    id: item.id,
    ...(by === recordId ? {} : { idProperty: by }),
    objectWriteTraceId: String(item.seq),
    properties: item.properties,
  };
}
