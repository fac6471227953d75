import { createHash } from "node:crypto";
import type { TargetShape } from "../destinations/connector.ts";
import type { PlannedChange } from "./planned-change.ts";

export interface CutLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  /** false: a batch holds changes of one op. */
  readonly mixedOps: boolean;
  /** Removals are 1..removes; no batch crosses over. */
  readonly removes: number;
}

/** What the target takes, tightened by what the sync asks for. */
export function cutLimits(
  shape: TargetShape,
  sync: { readonly rows?: number; readonly bytes?: number },
  removes: number,
): CutLimits {
  return {
    maxRows: Math.max(1, Math.min(shape.batch.maxRows, sync.rows ?? Number.POSITIVE_INFINITY)),
    maxBytes: Math.min(shape.batch.maxBytes ?? Number.POSITIVE_INFINITY, sync.bytes ?? Number.POSITIVE_INFINITY),
    mixedOps: shape.batch.mixedOps,
    removes,
  };
}

export interface Cutter {
  /** Returns the batch that the change closed, if any. A change larger than a batch may be stands alone. */
  push(change: PlannedChange): readonly PlannedChange[] | null;
  /** The rows of the batch that is still open; empties it. */
  rest(): readonly PlannedChange[];
}

export function createCutter(limits: CutLimits): Cutter {
  let open: PlannedChange[] = [];
  let bytes = 0;
  const closes = (change: PlannedChange): boolean => {
    const last = open.at(-1);
    if (last === undefined) return false;
    return (
      open.length >= limits.maxRows ||
      bytes + change.bytes > limits.maxBytes ||
      last.seq === limits.removes ||
      (!limits.mixedOps && last.op !== change.op)
    );
  };
  const rest = () => {
    const closed = open;
    open = [];
    bytes = 0;
    return closed;
  };
  return {
    push(change) {
      const closed = closes(change) ? rest() : null;
      open.push(change);
      bytes += change.bytes;
      return closed;
    },
    rest,
  };
}

export interface BatchRange {
  readonly id: string;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** The id is also the idempotency key: the same after a crash, another one after bisecting. */
export function batchRange(runId: string, fromSeq: number, toSeq: number): BatchRange {
  const id = createHash("sha256").update(`${runId} ${fromSeq}-${toSeq}`).digest("hex").slice(0, 40);
  return { id, fromSeq, toSeq };
}

/** Two halves of a range of at least two rows. */
export function halves(runId: string, range: Pick<BatchRange, "fromSeq" | "toSeq">): readonly [BatchRange, BatchRange] {
  const middle = Math.floor((range.fromSeq + range.toSeq) / 2);
  return [batchRange(runId, range.fromSeq, middle), batchRange(runId, middle + 1, range.toSeq)];
}
