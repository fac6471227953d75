import type { Change, Op } from "../core/change.ts";

/** A row of the frozen plan, as the engine reads it. */
export interface PlannedChange extends Change {
  /** Size of the row's payload as JSON; batches are cut by it. */
  readonly bytes: number;
  /** What the plan meant: `remove` also for a removal that writes `when_removed: {set}` and reaches the target as `update`. */
  readonly plannedOp: Op;
}

/** Rows `fromSeq..toSeq`, both included, in order of seq: the same rows every time. */
export type ChangeSource = (fromSeq: number, toSeq: number) => Promise<readonly PlannedChange[]>;
