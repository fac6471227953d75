import { BatchRefused, DeliveryError } from "../core/delivery-errors.ts";
import type { JobHandle, RowResult } from "../core/result.ts";
import { backoffMs } from "./backoff.ts";
import type { Delivery } from "./delivery.ts";
import { askedToWaitMs, endsRun } from "./http-errors.ts";
import { again, finish, finishWhole, load, putBack, recut, split } from "./moves.ts";
import type { PlannedChange } from "./planned-change.ts";
import { answerOf } from "./platform-answer.ts";
import { code, inDoubt, toRanges, wholeRange } from "./results.ts";
import { type Outcome, recordSending } from "./sender.ts";
import { reasonOf, verdictOn } from "./verdict.ts";
import { rowsOf, type Work } from "./work.ts";

/** One batch that is due: send it, and see to what comes of it. */
export async function sendBatch(d: Delivery, work: Work): Promise<void> {
  if (rowsOf(work) > d.limits.maxRows) return recut(d, work);
  const changes = await load(d, work);
  const [only] = changes;
  if (changes.length === 1 && only !== undefined && only.bytes > d.maxRowBytes) {
    const message = `${only.bytes} bytes; this target takes at most ${d.maxRowBytes} in one request`;
    return finish(d, work, [wholeRange(work, work.attempt, { status: "rejected", code: "ROW_TOO_LARGE", message })]);
  }
  work.tries += 1;
  seeTo(d, work, changes, await d.sender.send(work, changes));
}

/** One job that is due to be asked for. */
export async function pollBatch(d: Delivery, work: Work, job: JobHandle): Promise<void> {
  const changes = await load(d, work);
  const outcome = await d.sender.poll(work, job, changes);
  if (outcome.state === "thrown") return seeToPollError(d, work, changes, outcome);
  work.pollFailures = 0;
  seeTo(d, work, changes, outcome);
}

function seeTo(d: Delivery, work: Work, changes: readonly PlannedChange[], outcome: Outcome): void {
  // After a failed write nothing more is written: another process may own the run by now.
  if (d.journal.failed) return;
  switch (outcome.state) {
    case "done":
      tried(d, work, changes, outcome.rows);
      break;
    case "pending":
      awaitJob(d, work, changes, outcome.job, outcome.pollAfterMs);
      break;
    case "lost":
      lost(d, work, changes);
      break;
    case "thrown":
      seeToError(d, work, changes, outcome);
  }
}

function tried(d: Delivery, work: Work, changes: readonly PlannedChange[], rows: readonly RowResult[]): void {
  // A batch that needed no write at all was tried all the same.
  void recordSending(d.journal, work);
  finish(d, work, toRanges(changes, rows, work.attempt, d.resend));
}

function awaitJob(
  d: Delivery,
  work: Work,
  changes: readonly PlannedChange[],
  job: JobHandle,
  pollAfterMs: number,
): void {
  const now = d.clock.now().getTime();
  work.jobSince ??= now;
  if (now - work.jobSince > d.settings.jobTimeoutMs) {
    const hours = Math.round(d.settings.jobTimeoutMs / 3_600_000);
    finishWhole(d, work, inDoubt(d.resend, "JOB_TIMEOUT", `the platform's job did not end within ${hours} h`));
    return;
  }
  const same = work.state === "pending" && JSON.stringify(work.job) === JSON.stringify(job);
  work.polls = same ? work.polls + 1 : 0;
  // A job that takes long is asked for less and less often, up to a minute or what the connector says.
  work.dueAt = now + Math.min(pollAfterMs * 1.5 ** Math.min(work.polls, 20), Math.max(pollAfterMs, 60_000));
  work.job = job;
  if (!same) {
    void recordSending(d.journal, work);
    work.state = "pending";
    void d.journal.pending(work.id, job, new Date(work.dueAt));
  }
  putBack(d, work, changes);
}

/** The job never ran: its rows are sent again, as a try. */
function lost(d: Delivery, work: Work, changes: readonly PlannedChange[]): void {
  if (work.tries >= d.settings.maxAttempts) {
    finishWhole(d, work, { status: "retry", code: "JOB_LOST", message: "the platform lost the job every time" });
    return;
  }
  again(d, work, changes, backoffMs(Math.max(1, work.tries), d.settings, d.random, null));
}

type Thrown = Extract<Outcome, { readonly state: "thrown" }>;

function seeToError(d: Delivery, work: Work, changes: readonly PlannedChange[], thrown: Thrown): void {
  const { error, touched } = thrown;
  if (d.stopping() && !(error instanceof DeliveryError)) {
    brokenOff(d, work, touched);
    return;
  }
  const verdict = verdictOn(
    {
      error,
      resend: d.resend,
      rows: changes.length,
      tries: work.tries,
      rateLimits: work.rateLimits + 1,
      touched,
      hasJob: work.job !== null,
    },
    d.settings,
    d.random,
  );
  switch (verdict.do) {
    case "again":
      if (!verdict.counts) {
        work.rateLimits += 1;
        work.tries -= 1;
      }
      again(d, work, changes, verdict.afterMs);
      break;
    case "poll":
      work.dueAt = d.clock.now().getTime() + verdict.afterMs;
      putBack(d, work, changes);
      break;
    case "split":
      split(d, work, changes);
      break;
    case "reject":
      reject(d, work, changes, verdict.error);
      break;
    case "end":
      finishWhole(d, work, verdict.fate);
      if (verdict.givenUp) d.circuit.gaveUp(error);
      break;
    case "halt":
      finishWhole(d, work, verdict.fate);
      d.circuit.halt(error);
  }
}

/** Stopped before it was answered: what is on record is what `resume` goes by. */
function brokenOff(d: Delivery, work: Work, touched: boolean): void {
  const unsent = d.sender.seesWrites && !touched && work.state === "sending";
  if (unsent) void d.journal.retryAt(work.id, d.clock.now());
  d.queue.done(work);
}

/** The job is at the platform whatever the question's fate: it is asked again, for as long as a job may take. */
function seeToPollError(d: Delivery, work: Work, changes: readonly PlannedChange[], thrown: Thrown): void {
  const { error } = thrown;
  if (d.journal.failed) return;
  if (d.stopping() && !(error instanceof DeliveryError)) {
    d.queue.done(work);
    return;
  }
  work.pollFailures += 1;
  const now = d.clock.now().getTime();
  work.jobSince ??= now;
  const { code: errorCode, message } = reasonOf(error);
  const hopeless = !(error instanceof DeliveryError) && work.pollFailures >= d.settings.maxAttempts;
  if (hopeless || now - work.jobSince > d.settings.jobTimeoutMs) {
    finishWhole(d, work, inDoubt(d.resend, errorCode, message));
    return;
  }
  const final = endsRun(error) || error instanceof BatchRefused;
  // A job that was refused as a whole applied nothing; any other end leaves its rows in doubt.
  if (final) {
    seeToError(d, work, changes, { ...thrown, touched: !(error instanceof BatchRefused) });
    return;
  }
  work.dueAt = now + backoffMs(work.pollFailures, d.settings, d.random, askedToWaitMs(error));
  putBack(d, work, changes);
}

function reject(d: Delivery, work: Work, changes: readonly PlannedChange[], error: BatchRefused): void {
  const message = answerOf(error) ?? error.message;
  void recordSending(d.journal, work);
  const row: RowResult = { seq: work.fromSeq, status: "rejected", code: code(error.reason), message };
  const ranges = toRanges(changes, [row], work.attempt, d.resend);
  finish(d, work, ranges);
  const [range] = ranges;
  if (range?.status === "rejected") d.circuit.refusedAlone(range.code, range.message);
}
