import { Interrupted, MillraceError } from "../core/errors.ts";

/** Why a session stops: the signal's own reason where that is an error of ours (a lost fence), else a person's wish. */
export function abortError(signal: AbortSignal): MillraceError {
  const reason: unknown = signal.reason;
  if (reason instanceof MillraceError) return reason;
  return new Interrupted("Stopped while working in the warehouse.", {
    hint: "Run it again: it goes on from what was recorded.",
    cause: reason,
  });
}
