import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { type ApiRow, type Field, fieldSchema } from "./cells.ts";
import type { ApiAnswer, Client } from "./client.ts";
import { isDuplicate, JobFailed } from "./errors.ts";

/** What every job of this warehouse carries. */
export interface JobSettings {
  readonly project: string;
  readonly location?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly maximumBytesBilled?: number;
  /** Of one job, in milliseconds. */
  readonly statementTimeoutMs?: number;
  readonly clock: Clock;
}

const reference = z.looseObject({ jobId: z.string(), location: z.string().optional() });
const jobSchema = z.looseObject({
  jobReference: reference,
  status: z
    .looseObject({
      state: z.string().optional(),
      errorResult: z.looseObject({ reason: z.string().optional(), message: z.string().optional() }).optional(),
    })
    .optional(),
  statistics: z
    .looseObject({
      sessionInfo: z.looseObject({ sessionId: z.string() }).optional(),
      totalBytesProcessed: z.string().optional(),
      load: z.looseObject({ outputRows: z.string().optional() }).optional(),
    })
    .optional(),
});
export type Job = z.infer<typeof jobSchema>;

const pageSchema = z.looseObject({
  jobComplete: z.boolean(),
  totalRows: z.string().optional(),
  totalBytesProcessed: z.string().optional(),
  pageToken: z.string().optional(),
  schema: z.looseObject({ fields: z.array(fieldSchema).optional() }).optional(),
  // Rows are read as they come: they are the bulk of the data, and `readerFor` looks at every cell.
  rows: z.custom<readonly ApiRow[]>((value) => value === undefined || Array.isArray(value)).optional(),
});

export interface Page {
  readonly fields: readonly Field[];
  readonly rows: readonly ApiRow[];
  readonly totalRows: number;
  readonly pageToken: string | null;
  readonly bytesProcessed: number;
}

export interface JobRef {
  readonly jobId: string;
  readonly location: string | undefined;
}

/** How long the API holds an answer back while a job runs. */
const LONG_POLL_MS = 10_000;
const FIRST_LOOK_MS = 200;
const LONGEST_LOOK_MS = 2_000;

/** Jobs of one project: made with ids of ours, so that a request whose answer was lost is looked up, and never runs twice. */
export class Jobs {
  readonly client: Client;
  readonly settings: JobSettings;

  constructor(client: Client, settings: JobSettings) {
    this.client = client;
    this.settings = settings;
  }

  newRef(): JobRef {
    return { jobId: `millrace_${randomUUID().replaceAll("-", "")}`, location: this.settings.location };
  }

  /** The whole of a job's resource, ready to be sent. `configuration` holds `query` or `load`. */
  resource(ref: JobRef, configuration: object, dryRun = false): object {
    const { project, labels, statementTimeoutMs } = this.settings;
    return {
      jobReference: { projectId: project, jobId: ref.jobId, ...(ref.location && { location: ref.location }) },
      configuration: {
        ...configuration,
        labels: { application: "millrace", ...labels },
        ...(statementTimeoutMs === undefined ? {} : { jobTimeoutMs: String(statementTimeoutMs) }),
        ...(dryRun ? { dryRun: true } : {}),
      },
    };
  }

  async insert(ref: JobRef, configuration: object, signal?: AbortSignal): Promise<Job> {
    try {
      const json = this.resource(ref, configuration);
      return this.#checked(await this.client.request({ method: "POST", path: "jobs", json }, signal));
    } catch (cause) {
      if (!isDuplicate(cause)) throw cause;
      return this.get(ref, signal);
    }
  }

  /** Bytes that a query would read; runs nothing, costs nothing. */
  async dryRun(query: object, signal?: AbortSignal): Promise<number> {
    const json = this.resource(this.newRef(), { query }, true);
    const job = this.#checked(await this.client.request({ method: "POST", path: "jobs", json }, signal));
    return Number(job.statistics?.totalBytesProcessed ?? 0);
  }

  async get({ jobId, location }: JobRef, signal?: AbortSignal): Promise<Job> {
    const query = location === undefined ? {} : { location };
    return this.#checked(await this.client.request({ method: "GET", path: `jobs/${jobId}`, query }, signal));
  }

  /** For jobs without rows: looks until the job has ended. Throws JobFailed. */
  async ended(job: Job, signal?: AbortSignal): Promise<Job> {
    let found = job;
    for (
      let pauseMs = FIRST_LOOK_MS;
      found.status?.state !== "DONE";
      pauseMs = Math.min(pauseMs * 1.5, LONGEST_LOOK_MS)
    ) {
      await this.settings.clock.sleep(pauseMs, signal);
      found = await this.get(this.refOf(job), signal);
    }
    return found;
  }

  /** Waits for a query and gives a page of its rows. */
  async page(
    ref: JobRef,
    wanted: { readonly maxRows: number; readonly startRow?: number; readonly token?: string },
    signal?: AbortSignal,
  ): Promise<Page> {
    for (;;) {
      const { body } = await this.client.request(
        {
          method: "GET",
          path: `queries/${ref.jobId}`,
          query: {
            maxResults: wanted.maxRows,
            timeoutMs: LONG_POLL_MS,
            "formatOptions.useInt64Timestamp": "true",
            ...(ref.location === undefined ? {} : { location: ref.location }),
            ...(wanted.startRow === undefined ? {} : { startIndex: wanted.startRow }),
            ...(wanted.token === undefined ? {} : { pageToken: wanted.token }),
          },
        },
        signal,
      );
      const page = pageSchema.parse(body);
      if (!page.jobComplete) continue;
      return {
        fields: page.schema?.fields ?? [],
        rows: page.rows ?? [],
        totalRows: Number(page.totalRows ?? 0),
        pageToken: page.pageToken ?? null,
        bytesProcessed: Number(page.totalBytesProcessed ?? 0),
      };
    }
  }

  /** Asks for the end of a job; also after the caller's own signal has aborted. */
  async cancel({ jobId, location }: JobRef): Promise<void> {
    const query = location === undefined ? {} : { location };
    await this.client.request({ method: "POST", path: `jobs/${jobId}/cancel`, query }).catch(() => undefined);
  }

  refOf(job: Job): JobRef {
    return { jobId: job.jobReference.jobId, location: job.jobReference.location ?? this.settings.location };
  }

  /** A job that has failed is an error, however the API tells it. */
  #checked({ body }: ApiAnswer): Job {
    const job = jobSchema.parse(body);
    const failed = job.status?.errorResult;
    if (failed !== undefined) throw new JobFailed(failed.reason ?? "", failed.message ?? "");
    return job;
  }
}
