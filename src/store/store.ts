import type { Plan } from "../core/plan.ts";
import type { JobHandle, ResultRange } from "../core/result.ts";
import type { BatchRecord, RunCounts, RunRecord, RunStatus, Stage, Trigger } from "../core/run.ts";
import type { FieldType, SyncConfig } from "../core/sync.ts";
import type { Value } from "../core/value.ts";

/**
 * The control store: runs, batches, leases, ticks. It holds no personal data: ids, counts, states, scrubbed messages.
 * A promise that resolves is on disk. Writes of one turn of the event loop share one commit.
 * Writes of a run carry its lease's fence; after another process took the lease over they throw FenceLost.
 */
export interface RunStore {
  /** Made once with the store; the warehouse remembers it. */
  readonly storeId: string;

  /**
   * null: somebody else holds it. A lease whose time is over, or whose process is known to be dead (kill -9 on this machine),
   * can be taken; its fence is higher than every earlier one of the resource, released ones included.
   */
  lease(resource: string, ttlMs: number, owner: string): Promise<Lease | null>;
  /** Who holds it now, for messages; null: it can be taken. */
  holder(resource: string): Promise<{ readonly owner: string; readonly expiresAt: Date } | null>;

  begin(
    run: { readonly id: string; readonly sync: string; readonly trigger: Trigger; readonly startedAt: Date },
    lease: Lease,
  ): Promise<void>;
  run(runId: string): Promise<RunRecord | null>;
  /** Newest first. */
  runs(filter: {
    readonly sync?: string;
    readonly status?: readonly RunStatus[];
    readonly limit?: number;
  }): Promise<RunRecord[]>;
  /** Runs with status `running`, oldest first. */
  unfinished(): Promise<RunRecord[]>;
  /** Freezes plan and config and moves the stage to `deliver`; older `planned` and `held` runs of the sync become `superseded`. */
  savePlan(
    runId: string,
    plan: Plan,
    config: SyncConfig,
    status: "running" | "planned" | "held",
    heldFor: readonly string[],
    lease: Lease,
  ): Promise<void>;
  /** A held or planned run becomes `running` (approval). */
  approve(runId: string, lease: Lease): Promise<void>;
  advance(runId: string, stage: Stage, lease: Lease): Promise<void>;
  /** Ends the run: stage `done`, counts and error recorded. */
  end(
    runId: string,
    status: RunStatus,
    at: Date,
    counts: RunCounts | null,
    error: RunRecord["error"],
    lease: Lease,
  ): Promise<void>;
  /** Ends runs that no lease guards any more: superseded, expired, abandoned. A run that has ended stays as it ended. */
  mark(runId: string, status: "superseded" | "expired" | "abandoned" | "failed" | "done", at: Date): Promise<void>;

  /** A person decided what became of an ended run's unknown rows: they are counted there from now on. */
  resolved(runId: string, into: "delivered" | "retry" | "rejected"): Promise<void>;

  /** In order of seq. */
  batches(runId: string): Promise<BatchRecord[]>;
  /** Ranges as they were cut, state `planned`: on disk before anything of them is sent. */
  cut(runId: string, batches: readonly Pick<BatchRecord, "id" | "fromSeq" | "toSeq">[], lease: Lease): Promise<void>;
  /** Replaces a batch by parts that cover it exactly (bisecting); the parts are new batches, at attempt 0. */
  split(
    runId: string,
    batchId: string,
    parts: readonly Pick<BatchRecord, "id" | "fromSeq" | "toSeq">[],
    lease: Lease,
  ): Promise<void>;
  /** On disk before the request leaves. `attempt` is higher than the batch's last one: 1 for the first. */
  sending(runId: string, batchId: string, attempt: number, lease: Lease): Promise<void>;
  pending(runId: string, batchId: string, job: JobHandle, nextAt: Date, lease: Lease): Promise<void>;
  /** Back to `planned`, for an attempt that provably did not apply or may be repeated. */
  retryAt(runId: string, batchId: string, nextAt: Date, lease: Lease): Promise<void>;
  /** The batch's results, as ranges in order of seq that cover it exactly. Of a batch that was never sent no row can be delivered. */
  returned(runId: string, batchId: string, results: readonly ResultRange[], lease: Lease): Promise<void>;
  /** Results that have not been settled, in order of seq, a page at a time. */
  results(runId: string): AsyncIterable<readonly ResultRange[]>;
  /** Sums of the returned and settled batches; `planned` is their rows. */
  counts(runId: string): Promise<RunCounts>;
  /** The warehouse has them: batches become `settled`, their results leave the store. Remembers the sync's last settled run. */
  settled(runId: string, sync: string, lease: Lease): Promise<void>;

  lastSettled(sync: string): Promise<string | null>;
  /** Overwrites what the store believes, when a person chose the warehouse's story. */
  saveLastSettled(sync: string, runId: string | null): Promise<void>;
  warehouseId(): Promise<string | null>;
  saveWarehouseId(id: string): Promise<void>;

  targetState(sync: string): Promise<Value>;
  saveTargetState(sync: string, state: Value): Promise<void>;
  /** What a platform last said of a target's fields, by name; null: it was never asked. `target`: connector, account key and object. */
  fieldTypes(target: string): Promise<Readonly<Record<string, FieldType>> | null>;
  saveFieldTypes(target: string, types: Readonly<Record<string, FieldType>>): Promise<void>;
  lastTick(sync: string): Promise<Date | null>;
  saveTick(sync: string, due: Date): Promise<void>;
  close(): Promise<void>;
}

export interface Lease {
  readonly resource: string;
  readonly fence: number;
  /** Throws FenceLost if another process has taken it over. */
  renew(ttlMs: number): Promise<void>;
  /** Never throws; releasing what was lost is nothing. */
  release(): Promise<void>;
}
