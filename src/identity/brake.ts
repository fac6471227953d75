/** A run of identity that its brake holds: worked out and staged, not published. */
export interface HeldRun {
  readonly run: number;
  /** In the brake's words, e.g. `identity run 12 is held: 31 of 90 profiles would be merged (brake.merges: 20.0%)`. */
  readonly why: string;
}

/** What dbt says of the model that the brake stops, as `identity_brake` words it. */
const words = /IDENTITY_BRAKE: (identity run (\d+) is held: .+?)\. Nothing was published/s;

/** null: a node failed for another reason. */
export function heldByBrake(message: string | null): HeldRun | null {
  const [, why = "", run] = words.exec(message ?? "") ?? [];
  return run === undefined ? null : { run: Number(run), why: why.replace(/\s+/g, " ") };
}

/** The command that publishes it. `flags`: ` --env NAME`, as the verb was called. */
export const approveHeld = ({ run }: HeldRun, flags: string): string => `millrace identity approve ${run}${flags}`;
