import { z } from "zod";
import type { BatchResult, JobHandle, RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch } from "../connector.ts";
import { type Fates, rejected, resultMissing, settled } from "../fates.ts";
import { lowered } from "../identified.ts";
import { byLoweredValue } from "../named-rows.ts";
import { ask, type Ctx, callJson } from "./api.ts";
import type { Contact } from "./contacts.ts";

/** https://developers.activecampaign.com/reference/bulk-import-contacts */
export const maxContacts = 250;
/** Below that the page asks for contact/sync. */
export const minContacts = 10;
/** The description has no figure for bytes: conservative. */
export const maxBytes = 300_000;

/** An import and at least one poll. */
export const importRequests = (rows: number): number => 2 * Math.ceil(rows / maxContacts);

const queued = z.object({ batchId: z.string().min(1) });
const handle = z.object({ settled: z.array(z.tuple([z.int(), z.string(), z.string()])) });

/**
 * Create and fill are one request: a lost answer is sent again, which changes nothing twice.
 * @param extra goes into every contact: lists to subscribe to, tags
 */
export async function importContacts(
  batch: Batch,
  rows: readonly Contact[],
  fates: Fates,
  ctx: Ctx,
  extra: Row = {},
): Promise<BatchResult> {
  if (rows.length === 0) return settled(batch.changes, fates, resultMissing("ActiveCampaign"));
  const contacts = rows.map(({ value, written: { standard, custom } }) => ({
    email: value,
    ...standard,
    ...(custom.length === 0 ? {} : { fields: custom.map((one) => ({ ...one })) }),
    ...extra,
  }));
  const { body } = await callJson(ctx, {
    method: "POST",
    path: "/import/bulk_import",
    json: { contacts },
    expect: queued,
  });
  const data = {
    settled: [...fates].flatMap(([seq, fate]) => (fate.status === "rejected" ? [[seq, fate.code, fate.message]] : [])),
  };
  return { state: "pending", job: { id: body.batchId, phase: "queued", data }, pollAfterMs };
}

/** No pace is prescribed. */
const pollAfterMs = 10_000;

const info = z.object({
  status: z.string(),
  /** Ids of contacts, not in the order of the request. */
  success: z.array(z.unknown()).nullish(),
  /** Addresses. */
  failure: z.array(z.string()).nullish(),
});
const gone = z.object({ message: z.string() });

/**
 * An import names who failed, by address, and counts the others. Only where these make up the whole is everybody else `done`.
 * https://developers.activecampaign.com/reference/bulk-import-status-info
 */
export async function pollImport(job: JobHandle, batch: Batch, ctx: Ctx, done: RowFate): Promise<BatchResult> {
  const fates: Fates = new Map(
    handle.parse(job.data).settled.map(([seq, code, message]) => [seq, rejected(code, message)]),
  );
  const missing = resultMissing("ActiveCampaign");
  const { body } = await ask(ctx, {
    path: "/import/info",
    query: { batchId: job.id },
    accept: [400, 404],
    expect: info.or(gone),
  });
  if (!("status" in body) || /fail|error|interrupt|cancel/i.test(body.status)) {
    return settled(batch.changes, fates, missing);
  }
  if (body.status !== "completed") return { state: "pending", job: { ...job, phase: body.status }, pollAfterMs };
  const sent = batch.changes.filter((change) => !fates.has(change.seq));
  const named = byLoweredValue(sent.map((change) => ({ change, value: String(change.match.email).trim() })));
  const failed = new Set((body.failure ?? []).map((email) => lowered(email.trim())));
  for (const email of failed) {
    const row = named.get(email);
    if (row !== undefined)
      fates.set(row.change.seq, rejected("IMPORT_FAILED", "ActiveCampaign could not import the contact"));
  }
  const whole =
    [...failed].every((email) => named.has(email)) && (body.success ?? []).length + failed.size === sent.length;
  return settled(batch.changes, fates, whole ? done : missing);
}
