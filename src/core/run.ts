import type { Plan } from "./plan.ts";
import type { JobHandle } from "./result.ts";
import type { SyncConfig } from "./sync.ts";

export type Trigger = "manual" | "cron" | "approve" | "adopt" | "retry" | "retire" | "full";

/** Left to right; a crash resumes at the stage it left. */
export type Stage = "models" | "plan" | "deliver" | "settle" | "report" | "done";

export type RunStatus =
  | "running"
  /** Frozen by `plan`, not held, not delivered: `run --approve` may still take it. */
  | "planned"
  /** A guard holds it for approval. */
  | "held"
  | "done"
  /** Ended early; what was not tried is `retry`. */
  | "failed"
  /** A newer plan, or an advanced ledger, took its place. */
  | "superseded"
  | "expired"
  /** Died before its plan was frozen: it left nothing. */
  | "abandoned";

/** planned = delivered + accepted + rejected + retry + unknown. */
export interface RunCounts {
  readonly planned: number;
  readonly delivered: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly retry: number;
  readonly unknown: number;
}

/** Of a run that has sent nothing yet. */
export const noFates: RunCounts = { planned: 0, delivered: 0, accepted: 0, rejected: 0, retry: 0, unknown: 0 };

export interface RunRecord {
  readonly id: string;
  readonly sync: string;
  readonly trigger: Trigger;
  readonly stage: Stage;
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  /** The sync as it was when the plan was frozen; null before. */
  readonly config: SyncConfig | null;
  readonly plan: Plan | null;
  /** Why a guard held it; empty otherwise. */
  readonly heldFor: readonly string[];
  readonly counts: RunCounts | null;
  /** Code and scrubbed message of what ended a failed run. */
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

/**
 * planned → sending → returned → settled, with pending after sending where the platform runs a job,
 * and back to planned when an attempt provably did not apply.
 */
export type BatchState = "planned" | "sending" | "pending" | "returned" | "settled";

export interface BatchRecord {
  readonly id: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly attempt: number;
  /** Not before this instant; null: at once. */
  readonly nextAt: Date | null;
  readonly state: BatchState;
  readonly job: JobHandle | null;
}
