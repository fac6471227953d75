import type { Value } from "../core/value.ts";
import type { TargetSync } from "./connector.ts";

/** Milliseconds since 1970 of an instant's text; null: it is none. */
export function instantMs(value: Value | undefined): number | null {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** The same of when an event happened. Where no time is mapped it is the plan's, so that a second sending says the same; a NULL among mapped times is none. */
export function happenedMs(value: Value | undefined, { createdAt }: Pick<TargetSync, "createdAt">): number | null {
  return value === undefined ? createdAt.getTime() : instantMs(value);
}
