import { z } from "zod";
import type { Value } from "../../core/value.ts";
import { empty, json, parseJson, text } from "../core/answers.ts";
import type { JobFate } from "../core/misbehaviour.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type BulkOutcome, runBulk } from "./bulk-run.ts";
import { columnDelimiters, writeCsv } from "./csv.ts";
import { breach, fault } from "./errors.ts";
import { type Org, stamp } from "./org.ts";
import { numberedId } from "./record-id.ts";

// https://developer.salesforce.com/docs/atlas.en-us.api_bulk_v2.meta/api_bulk_v2/creating_bulk_requests.htm: 150 MB after base64.
const MAX_BASE64_BYTES = 150_000_000;

const createSchema = z
  .strictObject({
    object: z.string().min(1),
    operation: z.enum(["insert", "update", "upsert", "delete", "hardDelete"]),
    externalIdFieldName: z.string().optional(),
    contentType: z.literal("CSV").default("CSV"),
    lineEnding: z.enum(["LF", "CRLF"]).default("LF"),
    columnDelimiter: z.enum(columnDelimiters).default("COMMA"),
    assignmentRuleId: z.string().optional(),
  })
  .refine((job) => (job.operation === "upsert") === (job.externalIdFieldName !== undefined), {
    error: "externalIdFieldName belongs to upsert, and only to it",
    path: ["externalIdFieldName"],
  });
const stateSchema = z.strictObject({ state: z.enum(["UploadComplete", "Aborted"]) });

type JobState = "Open" | "UploadComplete" | "InProgress" | "JobComplete" | "Failed" | "Aborted";

interface Job {
  readonly id: string;
  readonly task: z.infer<typeof createSchema>;
  readonly version: string;
  readonly createdDate: string;
  readonly fate: JobFate;
  state: JobState;
  modified: string;
  pollsLeft: number;
  csv: string | null;
  outcome: BulkOutcome | null;
}

export interface BulkJobs {
  create(call: Call): Answer;
  list(): Answer;
  info(call: Call): Answer;
  upload(call: Call): Answer;
  change(call: Call): Answer;
  remove(call: Call): Answer;
  results(call: Call): Answer;
  jobs(): readonly Value[];
  snapshot(): Value;
  restore(snapshot: unknown): void;
  reset(): void;
}

const snapshotSchema = z.object({ counter: z.int(), jobs: z.array(z.custom<Job>((job) => typeof job === "object")) });

/**
 * Bulk API 2.0 ingest: https://developer.salesforce.com/docs/platform/api-asynch/guide/bulk-api-2-0-ingest.html.
 * A closed job runs at once and shows its progress poll by poll, so that a caller that dies changes nothing. An open job never runs.
 */
export function createBulkJobs(org: Org): BulkJobs {
  const jobs = new Map<string, Job>();
  let counter = 0;

  const withJob = (call: Call, use: (job: Job) => Answer): Answer => {
    const job = jobs.get(call.params.job ?? "");
    const gone = job === undefined || (job.fate.lost && job.state !== "Open");
    return gone ? fault(404, "NOT_FOUND", "The requested resource does not exist") : use(job);
  };

  const finish = (job: Job) => {
    if (job.outcome === null) return;
    job.state = job.outcome.error === null ? "JobComplete" : "Failed";
    job.modified = stamp(org.clock);
  };

  const close = (job: Job): Answer => {
    if (job.state !== "Open") return fault(400, "INVALIDJOBSTATE", `Invalid job state: ${job.state}`);
    job.state = "UploadComplete";
    job.modified = stamp(org.clock);
    if (job.fate.lost) return json(200, info(job), { rows: { "job lost": [job.id] } });
    job.outcome = runBulk(org, job.task, job.csv ?? "", job.fate);
    job.csv = null;
    const { keys } = job.outcome;
    const rows = { [job.task.operation]: keys.successful, rejected: keys.failed };
    return json(200, info(job), { applied: keys.successful.length > 0, rows, note: `job ${job.id} runs` });
  };

  return {
    create(call) {
      const parsed = createSchema.safeParse(parseJson(call.body));
      if (!parsed.success) return breach(400, "INVALIDJOB", z.prettifyError(parsed.error));
      if (org.object(parsed.data.object) === undefined) {
        return fault(400, "INVALIDENTITY", `Unable to find object: ${parsed.data.object}`);
      }
      if (parsed.data.operation === "hardDelete" && !org.config.hard_delete) {
        return fault(400, "FEATURENOTENABLED", "hardDelete operation requires special user profile permission");
      }
      counter += 1;
      const fate = org.misbehaviour.forJob("salesforce", call);
      const now = stamp(org.clock);
      const job: Job = {
        id: numberedId("750", counter),
        task: parsed.data,
        version: call.params.version ?? "",
        createdDate: now,
        modified: now,
        fate,
        state: "Open",
        pollsLeft: fate.polls ?? org.config.job_polls,
        csv: null,
        outcome: null,
      };
      jobs.set(job.id, job);
      return json(200, info(job), { applied: true, rows: { "job created": [job.id] } });
    },
    list: () =>
      json(200, {
        done: true,
        records: [...jobs.values()].filter((job) => !job.fate.lost).map(info),
        nextRecordsUrl: null,
      }),
    info: (call) =>
      withJob(call, (job) => {
        if (job.state === "UploadComplete" || job.state === "InProgress") {
          if (job.pollsLeft <= 0) finish(job);
          else {
            job.pollsLeft -= 1;
            job.state = "InProgress";
          }
        }
        return json(200, { ...info(job), ...progress(job) });
      }),
    upload: (call) =>
      withJob(call, (job) => {
        if (!(call.headers["content-type"] ?? "").startsWith("text/csv")) {
          return breach(400, "INVALIDCONTENTTYPE", "job data must be text/csv");
        }
        if (job.state !== "Open") return fault(400, "INVALIDJOBSTATE", `Invalid job state: ${job.state}`);
        if (job.csv !== null) {
          const message = `Found multiple contents for job: <${job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new Job and make sure you only do 'PUT' once on a given Job.`;
          return breach(400, "INVALIDJOBSTATE", message);
        }
        if (Math.ceil(call.body.length / 3) * 4 > MAX_BASE64_BYTES) {
          return breach(400, "EXCEEDEDQUOTA", "job data is larger than 150 MB after base64 encoding");
        }
        job.csv = call.body.toString("utf8");
        return empty(201, { applied: true, rows: { "job filled": [job.id] } });
      }),
    change: (call) =>
      withJob(call, (job) => {
        const parsed = stateSchema.safeParse(parseJson(call.body));
        if (!parsed.success) return breach(400, "INVALIDJOB", z.prettifyError(parsed.error));
        if (parsed.data.state === "UploadComplete") {
          if (job.csv === null && job.state === "Open") {
            return breach(400, "INVALIDJOBSTATE", "the job has no data");
          }
          return close(job);
        }
        if (job.state === "JobComplete" || job.state === "Failed" || job.state === "Aborted") {
          return fault(400, "INVALIDJOBSTATE", `Aborting already ${job.state} Job not allowed`);
        }
        job.state = "Aborted";
        job.modified = stamp(org.clock);
        return json(200, info(job), { applied: true, rows: { "job aborted": [job.id] } });
      }),
    remove: (call) =>
      withJob(call, (job) => {
        // https://developer.salesforce.com/docs/platform/api-asynch/guide/delete-job.html
        if (job.state === "Open" || job.state === "InProgress") {
          return fault(400, "INVALIDJOBSTATE", `a job in state ${job.state} cannot be deleted`);
        }
        jobs.delete(job.id);
        return empty(204, { applied: true, rows: { "job deleted": [job.id] } });
      }),
    results: (call) =>
      withJob(call, (job) => {
        if (job.state !== "JobComplete" && job.state !== "Failed" && job.state !== "Aborted") {
          return fault(404, "NOT_FOUND", "the job is not finished");
        }
        return text(200, "text/csv", resultFile(job, call.params.what ?? ""));
      }),
    jobs: () => [...jobs.values()].map((job) => ({ ...info(job), ...progress(job) })),
    snapshot: () => ({ counter, jobs: [...jobs.values()] as unknown as readonly Value[] }),
    restore(snapshot) {
      const saved = snapshotSchema.parse(snapshot);
      counter = saved.counter;
      jobs.clear();
      for (const job of saved.jobs) jobs.set(job.id, job);
    },
    reset() {
      jobs.clear();
    },
  };
}

function info({ id, task, version, createdDate, modified, state }: Job): { readonly [name: string]: Value } {
  return {
    id,
    operation: task.operation,
    object: task.object,
    createdById: "005SB0000000001AAA",
    createdDate,
    systemModstamp: modified,
    state,
    ...(task.externalIdFieldName === undefined ? {} : { externalIdFieldName: task.externalIdFieldName }),
    concurrencyMode: "Parallel",
    contentType: "CSV",
    apiVersion: Number(version.slice(1)),
    contentUrl: `services/data/${version}/jobs/ingest/${id}/batches`,
    lineEnding: task.lineEnding,
    columnDelimiter: task.columnDelimiter,
  };
}

/** What only the information about one job shows. */
function progress({ state, outcome }: Job): { readonly [name: string]: Value } {
  const known = state === "JobComplete" || state === "Failed" ? outcome : null;
  const failed = known?.failed.length ?? 0;
  return {
    jobType: "V2Ingest",
    numberRecordsProcessed: (known?.successful.length ?? 0) + failed,
    numberRecordsFailed: failed,
    retries: 0,
    totalProcessingTime: 0,
    apiActiveProcessingTime: 0,
    apexProcessingTime: 0,
    ...(state === "Failed" && known?.error != null ? { errorMessage: known.error } : {}),
  };
}

function resultFile({ outcome, task }: Job, what: string): string {
  const header = outcome?.header ?? [];
  const write = (columns: readonly string[], rows: readonly (readonly string[])[]) =>
    writeCsv(columns, rows, task.columnDelimiter, task.lineEnding);
  if (what === "unprocessedrecords") return write(header, outcome?.unprocessed ?? []);
  if (what === "failedResults") {
    const rows = outcome?.failed.map(({ id, error, cells }) => [id, error, ...cells]) ?? [];
    return write(["sf__Id", "sf__Error", ...header], rows);
  }
  const rows = outcome?.successful.map(({ id, created, cells }) => [id, String(created), ...cells]) ?? [];
  return write(["sf__Id", "sf__Created", ...header], rows);
}
