import type { JobHandle } from "../core/result.ts";
import type { BatchRecord } from "../core/run.ts";
import type { BatchRange } from "./cut.ts";
import type { PlannedChange } from "./planned-change.ts";

/** A batch that has no results yet. `state` is what the control store says of it. */
export interface Work extends BatchRange {
  state: "planned" | "sending" | "pending";
  /** The last attempt on record; 0 before the first. */
  attempt: number;
  job: JobHandle | null;
  /** Epoch milliseconds: not to be sent, or polled, before. */
  dueAt: number;
  /** Tries of this process that count towards giving up. */
  tries: number;
  rateLimits: number;
  /** Polls of the job in its present phase. */
  polls: number;
  pollFailures: number;
  /** When this process first saw the job. */
  jobSince: number | null;
  /** null: to be read again when it is due. */
  changes: readonly PlannedChange[] | null;
}

export function newWork(range: BatchRange, changes: readonly PlannedChange[] | null): Work {
  return {
    id: range.id,
    fromSeq: range.fromSeq,
    toSeq: range.toSeq,
    state: "planned",
    attempt: 0,
    job: null,
    dueAt: 0,
    tries: 0,
    rateLimits: 0,
    polls: 0,
    pollFailures: 0,
    jobSince: null,
    changes,
  };
}

export function resumedWork(record: BatchRecord): Work {
  return {
    ...newWork(record, null),
    state: record.job !== null ? "pending" : record.state === "sending" ? "sending" : "planned",
    attempt: record.attempt,
    job: record.job,
    dueAt: record.nextAt?.getTime() ?? 0,
  };
}

export function rowsOf(range: { readonly fromSeq: number; readonly toSeq: number }): number {
  return range.toSeq - range.fromSeq + 1;
}

export function bytesOf(changes: readonly PlannedChange[] | null): number {
  let bytes = 0;
  for (const change of changes ?? []) bytes += change.bytes;
  return bytes;
}
