import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Row, Value } from "../../core/value.ts";
import { json, violated } from "../core/answers.ts";
import { type Kept, keep } from "../core/kept.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer } from "../core/platform.ts";
import type { ZendeskConfig } from "./config.ts";

const record = z.object({ id: z.int(), active: z.boolean(), fields: z.record(z.string(), z.unknown()) });
const data = z.object({
  counter: z.int(),
  users: z.record(z.string(), record),
  organizations: z.record(z.string(), record),
  jobs: z.record(
    z.string(),
    z.object({
      polls: z.int(),
      failed: z.boolean(),
      total: z.int(),
      results: z.array(z.record(z.string(), z.unknown())),
    }),
  ),
  /** Ids of users that were deleted for good. */
  erased: z.array(z.int()),
});

export type Held = z.infer<typeof data>;
export type Kind = "users" | "organizations";
export interface Rec {
  readonly id: number;
  active: boolean;
  fields: Record<string, unknown>;
}

/** What every resource of the stand-in works on. */
export interface Account {
  readonly config: ZendeskConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly kept: Kept<Held>;
}

export const createAccount = (config: ZendeskConfig, clock: Clock, misbehaviour: Misbehaviour): Account => ({
  config,
  clock,
  misbehaviour,
  kept: keep(data, () => ({ counter: 1000, users: {}, organizations: {}, jobs: {}, erased: [] })),
});

export function nextId({ kept }: Account): number {
  kept.data.counter += 1;
  return kept.data.counter;
}

/** https://developer.zendesk.com/api-reference/introduction/requests/#400-range */
export const problem = (status: number, error: string, description: string): Answer =>
  json(status, { error, description });

/** The caller broke the description. */
export const breach = (message: string): Answer => violated(problem(400, "InvalidValue", message), message || "breach");

export const shown = ({ id, active, fields }: Rec): Row => ({ id, active, ...(fields as Row) });

export const same = (a: unknown, b: unknown): boolean =>
  typeof a === "string" && a !== "" && a.toLowerCase() === String(b ?? "").toLowerCase();

export const live = (account: Account, kind: Kind): readonly Rec[] =>
  Object.values(account.kept.data[kind]).filter((one) => one.active);

/** Starts a job of these tasks, each of which tells its own result. */
export function startJob(
  account: Account,
  call: { readonly method: string; readonly path: string; readonly base: string },
  tasks: readonly (() => Row)[],
): Answer {
  const fate = account.misbehaviour.forJob("zendesk", call);
  const id = `job-${nextId(account)}`;
  if (!fate.lost) {
    const results = fate.fail === undefined ? tasks.map((task, index) => named(account, task(), index)) : [];
    const polls = fate.polls ?? account.config.job_polls;
    account.kept.data.jobs[id] = { polls, failed: fate.fail !== undefined, total: tasks.length, results };
  }
  const status = {
    id,
    url: `${call.base}/api/v2/job_statuses/${id}.json`,
    total: tasks.length,
    progress: 0,
    status: "queued",
  };
  return json(200, { job_status: status }, { applied: true, rows: { queued: [String(tasks.length)] } });
}

/** Refusals are told by index in either form. */
const named = (account: Account, result: Row, index: number): Record<string, Value> =>
  account.config.results === "index" || "error" in result ? { index, ...result } : { ...result };

export function jobStatus(account: Account, id: string): Answer {
  const job = account.kept.data.jobs[id];
  if (job === undefined) return problem(404, "RecordNotFound", "Not found");
  const common = { id, total: job.total, progress: job.total };
  if (job.polls > 0) {
    job.polls -= 1;
    return json(200, { job_status: { ...common, progress: 0, status: "working", results: null } });
  }
  const status = job.failed ? "failed" : "completed";
  return json(200, { job_status: { ...common, status, results: job.results as Row[] } });
}
