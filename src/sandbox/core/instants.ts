import type { Clock } from "../../core/clock.ts";

/** A date a number of milliseconds after (or before) another; leaves the other as it is. */
export function shifted(from: Date, ms: number): Date {
  const at = structuredClone(from);
  at.setTime(from.getTime() + ms);
  return at;
}

/** Now in ISO 8601, UTC, milliseconds. */
export function isoNow(clock: Clock): string {
  return clock.now().toISOString();
}
