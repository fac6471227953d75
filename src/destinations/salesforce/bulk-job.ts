import { z } from "zod";
import { AuthFailed, BatchRefused, OutcomeUnknown, TargetInvalid } from "../../core/delivery-errors.ts";
import type { BatchResult, JobHandle } from "../../core/result.ts";
import type { AccountCtx } from "../connector.ts";
import { fromCsv } from "../csv.ts";
import type { SalesforceAccount } from "./account.ts";
import { callBlind, callJson, callText } from "./api.ts";
import { requestError } from "./errors.ts";

type Ctx = AccountCtx<SalesforceAccount>;

/** Ingest jobs of Bulk API 2.0: https://developer.salesforce.com/docs/platform/api-asynch/guide/bulk-api-2-0-ingest.html */
export interface JobRequest {
  readonly object: string;
  readonly operation: "insert" | "update" | "upsert" | "delete" | "hardDelete";
  readonly externalIdFieldName?: string;
}

/** Takes the rows of a finished job's files, in any order. */
export interface ResultSink {
  /** Rows of the job without a result. */
  readonly open: number;
  succeeded(row: Readonly<Record<string, string>>): void;
  failed(row: Readonly<Record<string, string>>): void;
  unprocessed(row: Readonly<Record<string, string>>): void;
}

/** Create, upload, start, about two polls, successes and failures. */
export const requestsPerJob = 7;

const firstPollAfterMs = 5_000;
const created = z.object({ id: z.string().min(1) });
const jobInfo = z.object({
  state: z.string(),
  numberRecordsProcessed: z.number().nullish(),
  numberRecordsFailed: z.number().nullish(),
  errorMessage: z.string().nullish(),
});
type JobInfo = z.output<typeof jobInfo>;

/** Creates a job, has it recorded, fills it, and starts it: from then on it is polled, whatever happens here. */
export async function startJob(
  ctx: Ctx & { checkpoint(job: JobHandle): Promise<void> },
  request: JobRequest,
  csv: string,
  data: NonNullable<JobHandle["data"]>,
): Promise<BatchResult> {
  const json = { ...request, contentType: "CSV", lineEnding: "LF" };
  const mapError = (status: number, body: unknown) => creationError(request, status, body);
  const reply = await callJson(ctx, { method: "POST", path: "/jobs/ingest", json, expect: created, mapError });
  const { id } = reply.body;
  const handle: JobHandle = { id, phase: "created", data };
  await ctx.checkpoint(handle);
  await callBlind(ctx, {
    method: "PUT",
    path: `/jobs/ingest/${id}/batches`,
    body: csv,
    headers: { "content-type": "text/csv; charset=UTF-8" },
    timeoutMs: 600_000,
  });
  await callBlind(ctx, { method: "PATCH", path: `/jobs/ingest/${id}`, json: { state: "UploadComplete" } });
  return { state: "pending", job: { ...handle, phase: "uploaded" }, pollAfterMs: firstPollAfterMs };
}

/** Creating a job carries no row, so no refusal of it is a row's fault. */
function creationError({ object, operation }: JobRequest, status: number, body: unknown) {
  const error = requestError(status, body);
  if (!(error instanceof BatchRefused)) return error;
  const what = `Salesforce does not take a job (${operation} of ${object}): ${status} ${error.reason}`;
  const context = { status, code: error.reason };
  if (operation !== "hardDelete") {
    return new TargetInvalid(what, {
      hint: "Check the object's API name and what the integration user may do.",
      context,
    });
  }
  return new AuthFailed(what, {
    hint: "Give the integration user the permission `Bulk API Hard Delete`, which no profile has by default.",
    context,
  });
}

export type JobEnd =
  /** Results are kept for seven days: what became of an older job's rows cannot be told any more. */
  | { readonly is: "gone" }
  | { readonly is: "unfinished"; readonly result: BatchResult }
  | { readonly is: "over"; readonly info: JobInfo };

/** How a recorded job stands. One that was never started is aborted. */
export async function lookAt(ctx: Ctx, job: JobHandle, rows: number): Promise<JobEnd> {
  const info = await readJob(ctx, job.id);
  if (info === null) return { is: "gone" };
  if (info.state === "Open") {
    // Without UploadComplete nothing of it ran, and nothing will.
    await callBlind(ctx, { method: "PATCH", path: `/jobs/ingest/${job.id}`, json: { state: "Aborted" } });
    const reason = "the job was created and never started; it has been aborted";
    return { is: "unfinished", result: { state: "lost", reason } };
  }
  if (info.state === "JobComplete" || info.state === "Failed" || info.state === "Aborted") {
    throwIfMalformed(info);
    return { is: "over", info };
  }
  // No pace is prescribed; a poll is one request of the daily allowance, so it slows down as jobs grow.
  const pollAfterMs = rows > 5_000 ? 20_000 : 5_000;
  return { is: "unfinished", result: { state: "pending", job: { ...job, phase: "uploaded" }, pollAfterMs } };
}

/** Reads the files that a finished job has something in. */
export async function readResults(ctx: Ctx, job: string, info: JobInfo, rows: ResultSink): Promise<void> {
  const failed = info.numberRecordsFailed ?? null;
  const processed = info.numberRecordsProcessed ?? null;
  if (processed === null || failed === null || processed > failed) {
    for (const row of await file(ctx, job, "successfulResults")) rows.succeeded(row);
  }
  if (failed !== 0) for (const row of await file(ctx, job, "failedResults")) rows.failed(row);
  if (rows.open > 0) for (const row of await file(ctx, job, "unprocessedrecords")) rows.unprocessed(row);
}

async function readJob(ctx: Ctx, job: string): Promise<JobInfo | null> {
  const path = `/jobs/ingest/${encodeURIComponent(job)}`;
  const reply = await callJson(ctx, { method: "GET", path, expect: z.unknown(), accept: [404] });
  if (reply.status === 404) return null;
  const info = jobInfo.safeParse(reply.body);
  if (info.success) return info.data;
  throw new OutcomeUnknown("Salesforce described the bulk job in a form that is not documented", {
    hint: "Check that base_url is Salesforce and not a proxy's page; else report it.",
  });
}

async function file(ctx: Ctx, job: string, what: string) {
  const path = `/jobs/ingest/${encodeURIComponent(job)}/${what}`;
  const reply = await callText(ctx, { method: "GET", path, headers: { accept: "text/csv" }, timeoutMs: 600_000 });
  return fromCsv(reply.body);
}

/** A file whose columns Salesforce does not know fails before any record: no row of the sync could be delivered. */
function throwIfMalformed(info: JobInfo): void {
  const kind = /^(InvalidBatch|InvalidJob|InvalidEntity)\b/.exec(info.errorMessage ?? "")?.[1];
  if (info.state !== "Failed" || kind === undefined || (info.numberRecordsProcessed ?? 0) > 0) return;
  throw new TargetInvalid(`Salesforce could not read the bulk job (${kind})`, {
    hint: "Check the API names of the object, of external_id and of every field of the mapping, and that the integration user may see them.",
    context: { code: kind },
  });
}
