import type { Clock } from "../core/clock.ts";
import { ContractError } from "../core/errors.ts";
import type { BatchResult, JobHandle } from "../core/result.ts";
import type { Mode } from "../core/sync.ts";
import type { Value } from "../core/value.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../destinations/connector.ts";
import type { OpenAccount } from "./accounts.ts";
import type { Journal } from "./journal.ts";
import type { PlannedChange } from "./planned-change.ts";
import type { Work } from "./work.ts";

export type Outcome =
  | BatchResult
  | {
      readonly state: "thrown";
      readonly error: unknown;
      /** Some write of this call was applied, or nobody knows. */
      readonly touched: boolean;
    };

export interface Sender {
  /** Every write goes through the HTTP seam, so `touched` tells whether any was applied. */
  readonly seesWrites: boolean;
  send(work: Work, changes: readonly PlannedChange[]): Promise<Outcome>;
  poll(work: Work, job: JobHandle, changes: readonly PlannedChange[]): Promise<Outcome>;
}

export interface SenderParts<A, O> {
  readonly account: OpenAccount<A>;
  readonly target: Target<A, O>;
  readonly options: O;
  readonly sync: TargetSync;
  readonly state: Value;
  readonly removes: number;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Ends waiting for a turn. */
  readonly stop: AbortSignal;
  /** Breaks requests off. */
  readonly hard: AbortSignal;
  readonly onRequest: () => void;
}

/** Calls the connector for one batch, and has on record what must be before anything leaves. */
export function createSender<A, O>(parts: SenderParts<A, O>): Sender {
  const { account, target, journal, clock } = parts;
  // Without HTTP nobody sees when the first write leaves: it is put on record before the call.
  const seesWrites = account.connector.baseUrl !== undefined;

  const toBatch = (work: Work, changes: readonly PlannedChange[], attempt: number): Batch => ({
    id: work.id,
    fromSeq: work.fromSeq,
    toSeq: work.toSeq,
    changes,
    writes: writesOf(parts.sync.mode, work.fromSeq <= parts.removes),
    attempt,
    idempotencyKey: work.id,
  });

  const ctxFor = (work: Work, call: { touched: boolean }, leaving: () => Promise<void>): TargetCtx<A, O> => ({
    ...account.ctx({
      signal: parts.hard,
      stop: parts.stop,
      onRequest({ write }) {
        parts.onRequest();
        return write ? leaving() : undefined;
      },
      onApplied() {
        call.touched = true;
      },
    }),
    options: parts.options,
    sync: parts.sync,
    state: parts.state,
    async checkpoint(job) {
      await leaving();
      await journal.pending(work.id, job, clock.now());
      work.state = "pending";
      work.job = job;
      work.jobSince ??= clock.now().getTime();
    },
  });

  const checked = (result: BatchResult): Outcome => {
    const known = ["done", "pending", "lost"].includes(result?.state);
    return known && (result.state !== "done" || Array.isArray(result.rows))
      ? result
      : { state: "thrown", error: noOutcome(account.connector.id), touched: true };
  };

  return {
    seesWrites,
    async send(work, changes) {
      const call = { touched: false };
      let recorded: Promise<void> | null = null;
      const leaving = () => {
        recorded ??= recordSending(journal, work);
        return recorded;
      };
      const batch = toBatch(work, changes, work.attempt + 1);
      try {
        if (!seesWrites) await leaving();
        return checked(await target.send(batch, ctxFor(work, call, leaving)));
      } catch (error) {
        return { state: "thrown", error, touched: call.touched };
      }
    },
    async poll(work, job, changes) {
      const call = { touched: false };
      try {
        if (target.poll === undefined) throw withoutPoll(account.connector.id);
        const ctx = ctxFor(work, call, async () => undefined);
        return checked(await target.poll(job, toBatch(work, changes, Math.max(1, work.attempt)), ctx));
      } catch (error) {
        return { state: "thrown", error, touched: call.touched };
      }
    },
  };
}

/** On disk before the first write of an attempt leaves. */
export function recordSending(journal: Journal, work: Work): Promise<void> {
  if (work.state !== "planned") return Promise.resolve();
  work.attempt += 1;
  work.state = "sending";
  return journal.sending(work.id, work.attempt);
}

/** What a batch's writes may do; a removal by `when_removed: {set}` must not create anybody. */
export function writesOf(mode: Mode, removal: boolean): Batch["writes"] {
  if (removal || mode === "update") return "update";
  return mode === "insert" || mode === "append" ? "insert" : "upsert";
}

/** A context for `prepare` and `finish`, which belong to no batch. */
export function targetCtx<A, O>(parts: Omit<SenderParts<A, O>, "journal" | "removes" | "clock">): TargetCtx<A, O> {
  return {
    ...parts.account.ctx({ signal: parts.hard, stop: parts.stop, onRequest: parts.onRequest }),
    options: parts.options,
    sync: parts.sync,
    state: parts.state,
    async checkpoint() {
      throw new ContractError(`${parts.account.connector.id} records a job outside a batch`, {
        hint: "Report this: jobs belong to `send` and `poll`.",
      });
    },
  };
}

function withoutPoll(connector: string): ContractError {
  return new ContractError(`${connector} answered "pending" and cannot be polled`, {
    hint: "Report this: a target that answers pending has `poll`.",
  });
}

function noOutcome(connector: string): ContractError {
  return new ContractError(`${connector} answered with an outcome that is none`, {
    hint: "Report this: a target answers done, pending or lost.",
  });
}
