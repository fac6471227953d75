import { TargetInvalid } from "../core/delivery-errors.ts";
import type { DeliverSettings } from "./settings.ts";

/** Whether this run may still send, and the evidence about it. */
export interface Circuit {
  /** What opened it: nothing more is sent. */
  readonly error: unknown;
  readonly open: boolean;
  /** Opens it; the first error stays. */
  halt(error: unknown): void;
  passed(rows: number): void;
  /** A batch was given up after all its tries. */
  gaveUp(error: unknown): void;
  /** A single row was refused, alone. */
  refusedAlone(code: string, message: string): void;
}

/** `passedBefore`: rows that the platform took before a crash. */
export function createCircuit(settings: DeliverSettings, passedBefore: number): Circuit {
  let opened: { readonly error: unknown } | null = null;
  let passed = passedBefore;
  let givenUpInRow = 0;
  let refused = 0;
  const halt = (error: unknown) => {
    opened ??= { error };
  };
  return {
    get error() {
      return opened?.error;
    },
    get open() {
      return opened !== null;
    },
    halt,
    passed(rows) {
      if (rows === 0) return;
      passed += rows;
      givenUpInRow = 0;
    },
    gaveUp(error) {
      givenUpInRow += 1;
      if (givenUpInRow >= settings.maxGivenUpInRow) halt(error);
    },
    refusedAlone(code, message) {
      refused += 1;
      if (passed > 0 || refused < settings.maxRefusedAlone) return;
      halt(
        new TargetInvalid(
          `the platform refused every one of ${refused} rows that were tried alone, lastly with ${code}: ${message}`,
          {
            hint: "Mend the mapping or the target's options; the rows that were not tried come with the next run.",
          },
        ),
      );
    },
  };
}
