import { ContractError } from "../core/errors.ts";
import type { BatchState, RunStatus, Stage } from "../core/run.ts";

/** A range of a plan's rows, both ends included. */
export interface SeqRange {
  readonly fromSeq: number;
  readonly toSeq: number;
}

export type BatchStep = "sending" | "pending" | "retryAt" | "split" | "returned";

/** The states a step may start from. Every other start is a defect of the engine, caught before it is written. */
const STARTS: Readonly<Record<BatchStep, readonly BatchState[]>> = {
  sending: ["planned"],
  // From pending too: a job that moves on to its next phase is recorded again.
  pending: ["sending", "pending"],
  // From planned too: a batch that was not tried may be put off.
  retryAt: ["planned", "sending", "pending"],
  split: ["planned", "sending", "pending"],
  // From planned too, for rows that a stopped run never tried; nothing of those can have been delivered.
  returned: ["planned", "sending", "pending"],
};

/** Throws ContractError when the batch's state does not allow the step. */
export function assertStep(step: BatchStep, batchId: string, state: BatchState): void {
  if (STARTS[step].includes(state)) return;
  throw defect(`Batch ${batchId} is ${state}: "${step}" is only possible from ${STARTS[step].join(" or ")}.`);
}

const STAGES: readonly Stage[] = ["models", "plan", "deliver", "settle", "report", "done"];

/** A run only moves forward, and only `end` reaches `done`. */
export function assertAdvance(runId: string, from: Stage, to: Stage): void {
  if (to !== "done" && STAGES.indexOf(to) >= STAGES.indexOf(from)) return;
  throw defect(`Run ${runId} is at stage ${from} and cannot advance to ${to}.`);
}

/** True for runs that may still go on: the others have ended and stay as they ended. */
export const isOpen = (status: RunStatus): boolean => status === "running" || status === "planned" || status === "held";

/** Throws ContractError unless `parts`, in their order, cover `whole` without a gap or an overlap. */
export function assertCover(what: string, whole: SeqRange, parts: readonly SeqRange[]): void {
  let next = whole.fromSeq;
  for (const part of parts) {
    if (part.fromSeq !== next || part.toSeq < part.fromSeq) {
      throw defect(`${what}: expected a range that begins at ${next}, got ${part.fromSeq}..${part.toSeq}.`);
    }
    next = part.toSeq + 1;
  }
  if (next !== whole.toSeq + 1) {
    throw defect(`${what}: rows ${whole.fromSeq}..${whole.toSeq} must be covered, got up to ${next - 1}.`);
  }
}

/** A ContractError with the one hint that fits all of them. */
export const defect = (message: string): ContractError =>
  new ContractError(message, { hint: "This is a defect in Millrace: please report it with this message." });
