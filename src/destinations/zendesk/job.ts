import { z } from "zod";
import type { BatchResult, JobHandle, RowFate } from "../../core/result.ts";
import { codeOf } from "../code.ts";
import type { Batch } from "../connector.ts";
import { delivered, type Fates, rejected, resultMissing, retried, settled } from "../fates.ts";
import { lowered } from "../identified.ts";
import { keepFates, keptFates, readFates } from "../kept-fates.ts";
import { ask, type Ctx, snake } from "./api.ts";
import { type Found, showMany } from "./lookup.ts";
import type { Thing } from "./things.ts";

/** https://developer.zendesk.com/api-reference/ticketing/ticket-management/job_statuses/ */
export const jobReply = z.object({ job_status: z.object({ id: z.string().min(1) }) });

/** What `poll` must know of one job: the rows by their place in the request, and their id, or what identifies them. */
const part = z.object({
  id: z.string(),
  by: z.enum(["id", "name"]),
  rows: z.array(z.tuple([z.int(), z.string()])),
});
export type JobPart = z.output<typeof part>;
const handle = z.object({ parts: z.array(part), settled: keptFates });

const pollAfterMs = 2_000;

export function pending(parts: readonly JobPart[], fates: Fates): BatchResult {
  const [first] = parts;
  return {
    state: "pending",
    job: { id: first?.id ?? "", phase: "queued", data: { parts: [...parts], settled: keepFates(fates) } },
    pollAfterMs,
  };
}

const jobStatus = z.object({
  job_status: z.object({ status: z.string(), results: z.array(z.unknown()).nullish().catch(null) }),
});
const gone = z.object({ error: z.unknown() });

/** All jobs of the batch, until the last is done. */
export async function pollJobs(job: JobHandle, batch: Batch, ctx: Ctx, thing: Thing): Promise<BatchResult> {
  const data = handle.parse(job.data);
  const fates = readFates(data.settled);
  for (const one of data.parts) {
    const { body } = await ask(ctx, {
      path: `/job_statuses/${encodeURIComponent(one.id)}`,
      accept: [404],
      expect: jobStatus.or(gone),
    });
    // A job's status is kept for an hour: what became of its rows cannot be told; sending them again changes nothing twice.
    if (!("job_status" in body)) continue;
    const { status, results } = body.job_status;
    if (status === "queued" || status === "working") return { state: "pending", job, pollAfterMs };
    if (status !== "completed" && status !== "failed") continue;
    const read = (results ?? []).flatMap((raw) => result.safeParse(raw).data ?? []);
    for (const [seq, fate] of await jobFates(one, read, ctx, thing)) fates.set(seq, fate);
  }
  return settled(batch.changes, fates, resultMissing("Zendesk"));
}

const result = z.object({
  index: z.int().nullish(),
  id: z.union([z.number(), z.string()]).transform(String).nullish(),
  external_id: z.string().nullish(),
  email: z.string().nullish(),
  error: z.string().nullish(),
  success: z.boolean().nullish(),
  status: z.string().nullish(),
});
export type JobResult = z.output<typeof result>;

/**
 * Results name rows by their index, or by what identifies them; where there are only ids of records, Zendesk is asked whose they
 * are. Never by their order: nothing promises one.
 */
async function jobFates(job: JobPart, results: readonly JobResult[], ctx: Ctx, thing: Thing): Promise<Fates> {
  const nameless = results.filter((one) => seqOf(job, one) === null && one.id != null && one.error == null);
  const records =
    nameless.length === 0
      ? []
      : await showMany(
          ctx,
          thing,
          "ids",
          nameless.map((one) => one.id ?? ""),
        );
  return readResults(job, results, new Map(records.map((one) => [one.id, one])));
}

export function readResults(job: JobPart, results: readonly JobResult[], records: ReadonlyMap<string, Found>): Fates {
  const fates: Fates = new Map();
  for (const one of results) {
    const seq = seqOf(job, one) ?? seqOf(job, { ...records.get(one.id ?? ""), index: null });
    if (seq === null) continue;
    const fate = fateOf(one);
    // Named twice, once as done and once as refused: nobody knows.
    if (fates.has(seq) && fates.get(seq)?.status !== fate.status) fates.set(seq, resultMissing("Zendesk"));
    else fates.set(seq, fate);
  }
  return fates;
}

function seqOf(job: JobPart, one: Pick<JobResult, "index" | "id" | "external_id" | "email">): number | null {
  if (one.index != null) return job.rows[one.index]?.[0] ?? null;
  const names = (job.by === "id" ? [one.id] : [one.external_id, one.email]).flatMap((name) =>
    name == null ? [] : [lowered(name)],
  );
  return job.rows.find(([, name]) => names.includes(lowered(name)))?.[0] ?? null;
}

const done = new Set(["created", "updated", "deleted"]);

function fateOf(one: JobResult): RowFate {
  if (one.error != null || one.success === false) {
    const code = codeOf(snake(one.error ?? "")) || "RECORD_REFUSED";
    return transient.has(code)
      ? retried(code, "Zendesk could not do it now")
      : rejected(code, "Zendesk refused the record");
  }
  if (one.id == null) return resultMissing("Zendesk");
  const said = one.success === true || one.status == null || done.has(one.status.toLowerCase());
  return said ? delivered(one.id) : resultMissing("Zendesk");
}

/** Not the row's fault. https://developer.zendesk.com/documentation/ticketing/managing-tickets/handling-jobs/ */
const transient: ReadonlySet<string> = new Set(["DATABASE_CONFLICT", "CONFLICT", "TIMEOUT", "SERVER_ERROR"]);
