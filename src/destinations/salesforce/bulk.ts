import { z } from "zod";
import { BatchRefused } from "../../core/delivery-errors.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Batch } from "../connector.ts";
import { toCsv } from "../csv.ts";
import { type Fates, toRows } from "../fates.ts";
import { startJob } from "./bulk-job.ts";
import { cell, nullCell } from "./cell.ts";
import { writeCollections } from "./collections.ts";
import { unmatched } from "./fates.ts";
import { fieldValue, matchValue } from "./payload.ts";
import { type Item, prepareWork, type RecordCtx, type Work } from "./work.ts";

/**
 * Salesforce works in pieces of 10,000 records and counts 15,000 of them a day; one job for each keeps memory level.
 * https://developer.salesforce.com/docs/platform/salesforce-app-limits-cheatsheet/guide/salesforce-app-limits-platform-bulkapi.html
 */
export const maxBulkRows = 10_000;

/** Uploads must stay under 100 MB (150 MB as base64); doubled quotes and repeated headers may at most double the values. https://developer.salesforce.com/docs/platform/api-asynch/guide/datafiles-prepare-csv.html */
export const maxBulkBytes = 40_000_000;
const maxUploadBytes = 100_000_000;

/** What `poll` must know besides the batch: settled rows, and the Ids that were looked up. */
export const handleData = z.object({
  operation: z.enum(["upsert", "update", "insert", "delete"]),
  /** Records that get new identifiers: one that is gone is made again. */
  moves: z.boolean().default(false),
  /** [seq, Id] of looked-up records. */
  ids: z.array(z.tuple([z.int(), z.string()])),
  /** [seq, code] of rows that are not in the job. */
  settled: z.array(z.tuple([z.int(), z.string(), z.string(), z.string()])),
});

/**
 * A job of its own per batch: create, record it, fill it, start it. A job has one operation: where some records move
 * among upserts, the smaller part goes by collections first, which may be repeated if the process dies in between.
 */
export async function sendBulk(batch: Batch, ctx: RecordCtx): Promise<BatchResult> {
  const { parts, fates, sendable } = await prepareWork(batch, ctx);
  const [work, ...smaller] = parts;
  for (const part of smaller) {
    await writeCollections(ctx, part, fates);
    for (const { change } of part.items) if (!fates.has(change.seq)) fates.set(change.seq, unmatched(sendable));
  }
  const items = (work?.items ?? []).filter((item) => {
    const fate = unfit(item);
    if (fate !== null) fates.set(item.change.seq, fate);
    return fate === null;
  });
  if (work === undefined || items.length === 0) {
    return { state: "done", rows: toRows(batch.changes, fates, unmatched(sendable)) };
  }
  const csv = bulkCsv({ ...work, items });
  if (Buffer.byteLength(csv) > maxUploadBytes) {
    throw new BatchRefused("the rows make a file over 100 MB", {
      hint: "Set a lower `batch: {rows: …}` for the sync.",
      reason: "FILE_TOO_LARGE",
    });
  }
  const { operation, identity } = work;
  const external = operation === "upsert" && identity.by === "field" ? { externalIdFieldName: identity.field } : {};
  return startJob(ctx, { object: ctx.options.object, operation, ...external }, csv, toData(work, items, fates));
}

/** Columns that find the record again in the results, then every field any row has. */
export function bulkCsv(work: Pick<Work, "operation" | "identity" | "items">): string {
  const { operation, items } = work;
  if (operation === "delete")
    return toCsv(
      ["Id"],
      items.map((item) => [item.id ?? ""]),
    );
  const lead = leadColumn(work);
  const columns = [...new Set(items.flatMap((item) => Object.keys(item.fields)))].filter((name) => name !== lead);
  const rows = items.map((item) => columns.map((name) => cell(item.fields[name])));
  if (lead === null) return toCsv(columns, rows);
  return toCsv(
    [lead, ...columns],
    rows.map((row, i) => [leadValue(items[i], work), ...row]),
  );
}

/** The column by which results are matched to rows; null: every column together. */
export function leadColumn({ operation, identity }: Pick<Work, "operation" | "identity">): string | null {
  if (operation === "update" || operation === "delete") return "Id";
  return identity.by === "field" ? identity.field : null;
}

function leadValue(item: Item | undefined, { operation, identity }: Pick<Work, "operation" | "identity">): string {
  if (item === undefined) return "";
  return operation === "update" ? (item.id ?? "") : String(matchValue(item.change, identity) ?? "");
}

function toData(work: Work, items: readonly Item[], fates: Fates): z.output<typeof handleData> {
  return {
    operation: work.operation,
    moves: work.moves,
    ids: items.flatMap(({ change, id }): [number, string][] =>
      id === null || id === change.externalId ? [] : [[change.seq, id]],
    ),
    settled: [...fates].map(([seq, fate]): [number, string, string, string] =>
      fate.status === "delivered" || fate.status === "accepted"
        ? [seq, fate.status, fate.externalId ?? "", ""]
        : [seq, fate.status, fate.code, fate.message],
    ),
  };
}

/** What a bulk file cannot carry, found before it spoils the whole job. https://developer.salesforce.com/docs/atlas.en-us.228.0.api_bulk_v2.meta/api_bulk_v2/bulk_api_2_limits.htm */
const maxFieldChars = 32_000;
const maxRecordChars = 400_000;

function unfit(item: Item): RowFate | null {
  let chars = 0;
  for (const [name, raw] of Object.entries(item.fields)) {
    const value = fieldValue(raw);
    const length = typeof value === "string" ? value.length : 0;
    chars += length;
    if (value === nullCell) {
      const message = `${name} holds #N/A, which means «make it empty» in a bulk file; \`bulk: never\` can write it`;
      return { status: "rejected", code: "RESERVED_VALUE", message };
    }
    if (length > maxFieldChars) {
      return { status: "rejected", code: "STRING_TOO_LONG", message: `${name} has more than 32,000 characters` };
    }
  }
  if (chars <= maxRecordChars) return null;
  return { status: "rejected", code: "RECORD_TOO_LONG", message: "the record has more than 400,000 characters" };
}
