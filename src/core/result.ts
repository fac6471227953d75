/** The fate of one change. Exactly one per change, or the connector broke its contract. */
export type RowResult = { readonly seq: number } & RowFate;

export type RowFate =
  /** The platform confirmed the row. */
  | { readonly status: "delivered"; readonly externalId?: string }
  /** Taken, and the platform never reports the row's own fate. */
  | { readonly status: "accepted"; readonly externalId?: string }
  /** Final for this content: a person or a model must mend it. */
  | { readonly status: "rejected"; readonly code: string; readonly message: string }
  /** Not delivered; planned again next run. */
  | { readonly status: "retry"; readonly code: string; readonly message: string }
  /** Sent, unanswered, and the target is once-only: a person decides. */
  | { readonly status: "unknown"; readonly code: string; readonly message: string };

export type RowStatus = RowFate["status"];

/** A fate shared by a run of rows: how results are stored, so that a million delivered rows cost a few bytes. */
export type ResultRange = { readonly fromSeq: number; readonly toSeq: number; readonly attempt: number } & RowFate;

/** A job the platform runs for us: plain JSON, durable, enough to poll it after a crash. */
export interface JobHandle {
  readonly id: string;
  readonly phase: string;
  readonly data?: import("./value.ts").Value;
}

export type BatchResult =
  /** Exactly one result per change. */
  | { readonly state: "done"; readonly rows: readonly RowResult[] }
  | { readonly state: "pending"; readonly job: JobHandle; readonly pollAfterMs: number }
  /** The job provably never ran: safe to send again. */
  | { readonly state: "lost"; readonly reason: string };
