import type { Clock } from "../core/clock.ts";
import type { Circuit } from "./circuit.ts";
import type { CutLimits } from "./cut.ts";
import type { Journal } from "./journal.ts";
import type { ChangeSource } from "./planned-change.ts";
import type { ProgressMeter } from "./progress.ts";
import type { Queue } from "./queue.ts";
import type { Sender } from "./sender.ts";
import type { DeliverSettings } from "./settings.ts";

/** One run's delivery: what its parts share. */
export interface Delivery {
  readonly runId: string;
  readonly connectorId: string;
  readonly resend: "idempotent" | "once";
  readonly limits: CutLimits;
  /** A row larger than this fits no request of the target. */
  readonly maxRowBytes: number;
  readonly settings: DeliverSettings;
  readonly changes: ChangeSource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly sender: Sender;
  readonly journal: Journal;
  readonly queue: Queue;
  readonly circuit: Circuit;
  readonly progress: ProgressMeter;
  /** A stop was asked for. */
  stopping(): boolean;
}
