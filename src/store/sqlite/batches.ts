import { z } from "zod";
import type { BatchRecord, BatchState } from "../../core/run.ts";
import { batchStateSchema, jobSchema, runStatusSchema } from "../records.ts";
import { packResults } from "../results.ts";
import { assertCover, assertStep, type BatchStep, defect, type SeqRange } from "../rules.ts";
import type { Lease, RunStore } from "../store.ts";
import type { Database, SqlRow } from "./database.ts";
import { assertFence } from "./leases.ts";

type Batches = Pick<RunStore, "batches" | "cut" | "split" | "sending" | "pending" | "retryAt" | "returned">;

const batchRow = z.object({
  id: z.string(),
  from_seq: z.number(),
  to_seq: z.number(),
  attempt: z.number(),
  next_at: z.number().nullable(),
  state: batchStateSchema,
  job: z.string().nullable(),
});
const openRun = z.object({ status: runStatusSchema, total: z.number().nullable() });
const openBatch = z.object({
  from_seq: z.number(),
  to_seq: z.number(),
  attempt: z.number(),
  state: batchStateSchema,
  status: runStatusSchema,
});
export function sqliteBatches(db: Database): Batches {
  function runOf(runId: string): z.infer<typeof openRun> {
    const row = db.get("select status, total from runs where id = ?", runId);
    if (!row) throw defect(`There is no run ${runId}.`);
    return openRun.parse(row);
  }

  /** The batch, if its state allows the step and its run is being delivered. */
  function startOf(step: BatchStep, runId: string, batchId: string): SeqRange & { attempt: number; state: BatchState } {
    const row = db.get(
      `select b.from_seq, b.to_seq, b.attempt, b.state, r.status
       from batches b join runs r on r.id = b.run_id where b.run_id = ? and b.id = ?`,
      runId,
      batchId,
    );
    if (!row) throw defect(`Run ${runId} has no batch ${batchId}.`);
    const { from_seq: fromSeq, to_seq: toSeq, attempt, state, status } = openBatch.parse(row);
    assertRunning(runId, status);
    assertStep(step, batchId, state);
    return { fromSeq, toSeq, attempt, state };
  }

  function insert(runId: string, batch: SeqRange & { readonly id: string }): void {
    if (db.get("select 1 from batches where run_id = ? and id = ?", runId, batch.id)) {
      throw defect(`Run ${runId} has a batch ${batch.id} already.`);
    }
    db.run(
      "insert into batches (run_id, from_seq, to_seq, id) values (?, ?, ?, ?)",
      runId,
      batch.fromSeq,
      batch.toSeq,
      batch.id,
    );
  }

  function cutOne(runId: string, total: number, batch: SeqRange & { readonly id: string }): void {
    const { fromSeq, toSeq } = batch;
    if (fromSeq < 1 || toSeq < fromSeq || toSeq > total) {
      throw defect(`Batch ${batch.id} (${fromSeq}..${toSeq}) is not within the plan's rows 1..${total}.`);
    }
    const before = db.get(
      "select to_seq from batches where run_id = ? and from_seq <= ? order by from_seq desc limit 1",
      runId,
      toSeq,
    );
    if (before && Number(before.to_seq) >= fromSeq) {
      throw defect(`Batch ${batch.id} (${fromSeq}..${toSeq}) overlaps a batch of run ${runId}.`);
    }
    insert(runId, batch);
  }

  /** One write of a run: fence first, in the same transaction. */
  const fenced = (lease: Lease, work: () => void): Promise<void> =>
    db.write(() => {
      assertFence(db, lease);
      work();
    });

  return {
    batches: (runId) =>
      db.read(() =>
        db
          .all(
            "select id, from_seq, to_seq, attempt, next_at, state, job from batches where run_id = ? order by from_seq",
            runId,
          )
          .map(record),
      ),

    cut: (runId, batches, lease) =>
      fenced(lease, () => {
        const { status, total } = runOf(runId);
        assertRunning(runId, status);
        if (total === null) throw defect(`Run ${runId} has no plan to cut batches from.`);
        for (const batch of batches) cutOne(runId, total, batch);
      }),

    split: (runId, batchId, parts, lease) =>
      fenced(lease, () => {
        const batch = startOf("split", runId, batchId);
        assertCover(`Parts of batch ${batchId}`, batch, parts);
        if (parts.length < 2) throw defect(`Batch ${batchId} was split into one part.`);
        db.run("delete from batches where run_id = ? and id = ?", runId, batchId);
        for (const part of parts) insert(runId, part);
      }),

    sending: (runId, batchId, attempt, lease) =>
      fenced(lease, () => {
        const batch = startOf("sending", runId, batchId);
        if (attempt <= batch.attempt) {
          throw defect(`Attempt ${attempt} of batch ${batchId} must be higher than ${batch.attempt}.`);
        }
        db.run(
          "update batches set state = 'sending', attempt = ?, next_at = null where run_id = ? and from_seq = ?",
          attempt,
          runId,
          batch.fromSeq,
        );
      }),

    pending: (runId, batchId, job, nextAt, lease) =>
      fenced(lease, () => {
        const batch = startOf("pending", runId, batchId);
        db.run(
          "update batches set state = 'pending', job = ?, next_at = ? where run_id = ? and from_seq = ?",
          JSON.stringify(job),
          nextAt.getTime(),
          runId,
          batch.fromSeq,
        );
      }),

    retryAt: (runId, batchId, nextAt, lease) =>
      fenced(lease, () => {
        const batch = startOf("retryAt", runId, batchId);
        db.run(
          "update batches set state = 'planned', job = null, next_at = ? where run_id = ? and from_seq = ?",
          nextAt.getTime(),
          runId,
          batch.fromSeq,
        );
      }),

    returned: (runId, batchId, results, lease) =>
      fenced(lease, () => {
        const batch = startOf("returned", runId, batchId);
        const { text, counts } = packResults(batchId, batch, results);
        if (batch.state === "planned" && counts.delivered + counts.accepted > 0) {
          throw defect(`Batch ${batchId} was never sent, yet has delivered rows.`);
        }
        db.run(
          `update batches set state = 'returned', next_at = null, job = null,
             delivered = ?, accepted = ?, rejected = ?, retry = ?, unknown = ?
           where run_id = ? and from_seq = ?`,
          counts.delivered,
          counts.accepted,
          counts.rejected,
          counts.retry,
          counts.unknown,
          runId,
          batch.fromSeq,
        );
        db.run("insert into batch_results (run_id, from_seq, results) values (?, ?, ?)", runId, batch.fromSeq, text);
      }),
  };
}

function assertRunning(runId: string, status: string): void {
  if (status !== "running") throw defect(`Run ${runId} is ${status}: nothing of it may be sent.`);
}

function record(row: SqlRow): BatchRecord {
  const { id, from_seq, to_seq, attempt, next_at, state, job } = batchRow.parse(row);
  return {
    id,
    fromSeq: from_seq,
    toSeq: to_seq,
    attempt,
    nextAt: next_at === null ? null : new Date(next_at),
    state,
    job: job === null ? null : jobSchema.parse(JSON.parse(job)),
  };
}
