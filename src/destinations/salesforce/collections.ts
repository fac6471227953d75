import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Value } from "../../core/value.ts";
import type { Batch } from "../connector.ts";
import { delivered, type Fates, toRows } from "../fates.ts";
import { callJson } from "./api.ts";
import { notFound, readErrors, refusal, saysGone } from "./errors.ts";
import { unmatched } from "./fates.ts";
import type { Identity } from "./options.ts";
import { matchValue, sameId, toRecord } from "./payload.ts";
import { type Item, type Operation, prepareWork, type RecordCtx, takeGone, type Work, workOf } from "./work.ts";

/** https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-upsert.html */
export const maxCollectionRows = 200;

/** No figure is published for a collections request; this is far below what it is seen to take. */
export const maxCollectionBytes = 4_000_000;

/** Up to 200 records a request, each with its own result. */
export async function sendCollection(batch: Batch, ctx: RecordCtx): Promise<BatchResult> {
  const { parts, fates, sendable } = await prepareWork(batch, ctx);
  for (const part of parts) await writeCollections(ctx, part, fates);
  return { state: "done", rows: toRows(batch.changes, fates, unmatched(sendable)) };
}

/** Writes all items; what no result names has no fate afterwards. */
export async function writeCollections(ctx: RecordCtx, work: Work, fates: Fates): Promise<void> {
  for (const items of requestsOf(work.items)) {
    const request = collectionRequest(ctx.options.object, { ...work, items });
    const reply = await callJson(ctx, { ...request, expect: z.unknown() });
    for (const [i, fate] of readCollection(work.operation, items, reply.body).entries()) {
      const item = items[i];
      if (item !== undefined && fate !== null) fates.set(item.change.seq, fate);
    }
  }
  if (!work.moves) return;
  const changes = work.items.map((item) => item.change);
  await makeAgain(ctx, work.identity, changes, fates);
}

/** A record that was to get new identifiers and is gone is made again under them, as any other that was deleted there. */
export async function makeAgain(
  ctx: RecordCtx,
  identity: Identity,
  changes: readonly Change[],
  fates: Fates,
): Promise<void> {
  const gone = takeGone(changes, fates);
  const work = await workOf(ctx, { operation: "upsert", identity, moves: false }, gone, fates);
  if (work.items.length > 0) await writeCollections(ctx, work, fates);
}

/** Items by request: as many as its rows and bytes allow. */
function requestsOf(items: readonly Item[]): readonly (readonly Item[])[] {
  const requests: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item.fields));
    const open = requests.at(-1);
    bytes += size;
    if (open !== undefined && open.length < maxCollectionRows && bytes <= maxCollectionBytes) open.push(item);
    else {
      requests.push([item]);
      bytes = size;
    }
  }
  return requests;
}

type CollectionRequest =
  | { readonly method: "POST" | "PATCH"; readonly path: string; readonly json: Value }
  | { readonly method: "DELETE"; readonly path: string; readonly query: Readonly<Record<string, string | boolean>> };

export function collectionRequest(
  object: string,
  work: Pick<Work, "operation" | "identity" | "items">,
): CollectionRequest {
  const { operation, identity, items } = work;
  const path = "/composite/sobjects";
  if (operation === "delete") {
    const ids = items.flatMap((item) => item.id ?? []).join(",");
    return { method: "DELETE", path, query: { ids, allOrNone: false } };
  }
  const records = items.map(({ change, id, fields }) => {
    const field =
      operation === "upsert" && identity.by === "field" ? { [identity.field]: matchValue(change, identity) } : {};
    return toRecord(object, { ...field, ...fields }, operation === "update" ? (id ?? undefined) : undefined);
  });
  const json = { allOrNone: false, records };
  if (operation === "insert") return { method: "POST", path, json };
  if (operation === "update" || identity.by !== "field") return { method: "PATCH", path, json };
  return { method: "PATCH", path: `${path}/${object}/${identity.field}`, json };
}

const recordResult = z.object({
  id: z.string().nullish(),
  success: z.boolean(),
  errors: z.unknown(),
});

/** Fates in the order of the items; null where the answer does not say. Results come in the order of the request. */
export function readCollection(operation: Operation, items: readonly Item[], body: unknown): (RowFate | null)[] {
  const results: readonly unknown[] = Array.isArray(body) ? body : [];
  // With one result too few or too many, nothing says which is whose.
  if (results.length !== items.length) return items.map(() => null);
  return items.map((item, i) => readResult(operation, item, results[i]));
}

function readResult(operation: Operation, item: Item, raw: unknown): RowFate | null {
  const result = recordResult.safeParse(raw);
  if (!result.success) return null;
  const { success, id } = result.data;
  if (success) {
    if (typeof id === "string" && item.id !== null && !sameId(id, item.id)) return null;
    return operation === "delete" ? delivered() : delivered(id ?? item.id ?? undefined);
  }
  const errors = readErrors(result.data.errors);
  if (saysGone(errors) && operation === "delete") return delivered();
  if (saysGone(errors) && operation === "update") return notFound;
  return refusal(errors);
}
