import { z } from "zod";
import { BatchRefused } from "../../core/delivery-errors.ts";
import type { BatchResult, JobHandle } from "../../core/result.ts";
import type { Batch } from "../connector.ts";
import { delivered, type Fates, resultMissing, settled } from "../fates.ts";
import { keepFates, keptFates, readFates } from "../kept-fates.ts";
import { ask, type Ctx } from "./api.ts";

export const jobReply = z.object({ job_id: z.string().min(1) });

/** What `poll` must know: rows that are not in the job, with their fates. */
const handle = z.object({ settled: keptFates });

export function pending(id: string, fates: Fates): BatchResult {
  return { state: "pending", job: { id, phase: "pending", data: { settled: keepFates(fates) } }, pollAfterMs };
}

/** No pace is prescribed. */
const pollAfterMs = 5_000;

/** https://www.twilio.com/docs/sendgrid/api-reference/contacts/import-contacts-status */
const statusReply = z.object({
  status: z.string(),
  results: z.object({ errored_count: z.number().nullish(), errors_url: z.string().nullish() }).nullish().catch(null),
});
const gone = z.object({ errors: z.array(z.unknown()) });

/**
 * The job counts what it could not write, and names the rows only in a file on another host. A job with errors is therefore
 * refused: the engine halves it until the bad row stands alone, and contacts that were written are written once more.
 */
export async function pollJob(job: JobHandle, batch: Batch, ctx: Ctx): Promise<BatchResult> {
  const fates = readFates(handle.parse(job.data).settled);
  const { body } = await ask(ctx, {
    path: `/v3/marketing/contacts/imports/${encodeURIComponent(job.id)}`,
    scope: "marketing.read",
    accept: [404],
    expect: statusReply.or(gone),
  });
  if (!("status" in body)) return settled(batch.changes, fates, resultMissing("SendGrid"));
  if (body.status === "pending") return { state: "pending", job, pollAfterMs };
  if (body.status === "errored" || body.status === "failed" || (body.results?.errored_count ?? 0) > 0) {
    throw new BatchRefused(`SendGrid's job ended as ${body.status}`, {
      hint: "Look at the row: its identifiers, the length of its texts, and the types of its custom fields.",
      context: { job: job.id, errored: body.results?.errored_count ?? null },
      reason: "CONTACT_REFUSED",
    });
  }
  const missing = body.status === "completed" ? delivered() : resultMissing("SendGrid");
  return settled(batch.changes, fates, missing);
}
