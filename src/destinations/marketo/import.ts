import { z } from "zod";
import { BatchRefused, TargetInvalid } from "../../core/delivery-errors.ts";
import type { BatchResult, JobHandle } from "../../core/result.ts";
import type { Value } from "../../core/value.ts";
import type { Batch } from "../connector.ts";
import { fromCsv, toCsv } from "../csv.ts";
import { delivered, type Fates, rejected, resultMissing, retried, settled } from "../fates.ts";
import { type Identified, identifierText, lowered } from "../identified.ts";
import { keepFates, keptFates, readFates } from "../kept-fates.ts";
import { ask, askText, type Ctx, call, type LeadCtx } from "./api.ts";
import { fieldOf, identityOf } from "./write.ts";

/** Best every 5 to 30 seconds. https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-import/bulk-lead-import */
const pollAfterMs = 10_000;

const importReply = z.object({
  success: z.literal(true),
  result: z
    .array(
      z.object({
        batchId: z.number().transform(String),
        status: z.string(),
        numOfLeadsProcessed: z.number().nullish(),
        numOfRowsFailed: z.number().nullish(),
        numOfRowsWithWarning: z.number().nullish(),
      }),
    )
    .min(1),
});
const handle = z.object({ settled: keptFates });

/**
 * A cell says no more than its text. Nothing is documented of an empty one, of outer blanks and of line breaks, and a row without
 * a field must not have it emptied: rows with any of these go by requests of their own.
 */
export const fitsCell = (value: Value | undefined): boolean =>
  value !== undefined && value !== null && /^\S(?:[^\r\n\0]*\S)?$/.test(cellOf(value));

const cellOf = (value: Value): string => String(fieldOf(value));

/** Rows that one file can hold: every one of them has every column. */
export function importable(rows: readonly Identified[]): readonly Identified[] {
  const columns = columnsOf(rows);
  return rows.filter(({ change, value }) => fitsCell(value) && columns.every((name) => fitsCell(change.fields[name])));
}

const columnsOf = (rows: readonly Identified[]): readonly string[] => [
  ...new Set(rows.flatMap(({ change }) => Object.keys(change.fields))),
];

/** Starts a job of these rows; the list's id makes them its members. A lost answer is sent again, which changes nothing twice. */
export async function importLeads(
  rows: readonly Identified[],
  ctx: LeadCtx,
  list: { readonly listId?: number },
  fates: Fates,
): Promise<BatchResult> {
  const by = identityOf(ctx.sync);
  const columns = columnsOf(rows);
  const cells = rows.map(({ change, value }) => [value, ...columns.map((name) => cellOf(change.fields[name] ?? ""))]);
  const partition = ctx.options.partition === undefined ? {} : { partitionName: ctx.options.partition };
  const { body } = await call(ctx, {
    method: "POST",
    path: "/bulk/v1/leads.json",
    query: { format: "csv", lookupField: by, ...list, ...partition },
    ...form(toCsv([by, ...columns], cells)),
    expect: importReply,
  });
  const id = body.result[0]?.batchId ?? "";
  return { state: "pending", job: { id, phase: "queued", data: { settled: keepFates(fates) } }, pollAfterMs };
}

/** A boundary that the file cannot hold: no cell begins a line with it unquoted, and it is looked for all the same. */
function form(file: string) {
  let boundary = "millrace-leads";
  while (file.includes(boundary)) boundary += "-";
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="leads.csv"\r\ncontent-type: text/csv\r\n\r\n`;
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body: `${head}${file}\r\n--${boundary}--\r\n`,
  };
}

/** Rows that failed or got a warning are named by files, by their identifier. */
export async function pollImport(job: JobHandle, batch: Batch, ctx: LeadCtx): Promise<BatchResult> {
  const fates = readFates(handle.parse(job.data).settled);
  const status = await statusOf(job, ctx);
  if (status === null) return settled(batch.changes, fates, resultMissing("Marketo"));
  if (status.status === "Queued" || status.status === "Importing") return { state: "pending", job, pollAfterMs };
  const open = batch.changes.filter((change) => !fates.has(change.seq));
  if (status.status === "Failed") {
    for (const { seq } of open) fates.set(seq, importFailed);
  }
  if (status.status !== "Complete") return settled(batch.changes, fates, resultMissing("Marketo"));
  const by = identityOf(ctx.sync);
  const failed = await named(ctx, job, "failures", status.numOfRowsFailed ?? 0, by);
  const warned = await named(ctx, job, "warnings", status.numOfRowsWithWarning ?? 0, by);
  // All rows are accounted for, and every one that did not go well is known by name.
  const whole = (status.numOfLeadsProcessed ?? 0) + (status.numOfRowsFailed ?? 0) >= open.length;
  for (const change of open) {
    const value = lowered(identifierText(change.match[by]) ?? "");
    if (failed?.has(value)) fates.set(change.seq, rowFailed);
    else if (warned?.has(value)) fates.set(change.seq, rowWarned);
    else if (whole && failed !== null && warned !== null) fates.set(change.seq, delivered());
  }
  return settled(batch.changes, fates, resultMissing("Marketo"));
}

const importFailed = retried("IMPORT_FAILED", "Marketo's import failed; `bulk_from: never` sends rows without one");
const rowFailed = rejected(
  "IMPORT_ROW_FAILED",
  "Marketo's import refused the row; the file of failures of the import says why",
);
const rowWarned = rejected(
  "IMPORT_ROW_WARNED",
  "Marketo imported the row without one of its values; the file of warnings of the import says why",
);

/** null: the import is not known any more (it is for seven days). What became of its rows cannot be told; they may be sent again. */
async function statusOf(job: JobHandle, ctx: Ctx): Promise<z.output<typeof importReply>["result"][number] | null> {
  try {
    const { body } = await ask(ctx, {
      path: `/bulk/v1/leads/batch/${encodeURIComponent(job.id)}.json`,
      expect: importReply,
    });
    return body.result[0] ?? null;
  } catch (error) {
    if (error instanceof BatchRefused || error instanceof TargetInvalid) return null;
    throw error;
  }
}

/** Identifiers that the file names; null: fewer than were counted, so that somebody is missing. */
async function named(
  ctx: Ctx,
  job: JobHandle,
  file: "failures" | "warnings",
  count: number,
  by: string,
): Promise<ReadonlySet<string> | null> {
  if (count === 0) return new Set();
  const { body } = await askText(ctx, `/bulk/v1/leads/batch/${encodeURIComponent(job.id)}/${file}.json`);
  const found = new Set(fromCsv(body).flatMap((row) => (row[by] === undefined ? [] : [lowered(row[by].trim())])));
  return found.size < count ? null : found;
}
