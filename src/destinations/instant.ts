import type { Value } from "../core/value.ts";

/** Milliseconds since 1970 of an instant's text; null: it is none. */
export function instantMs(value: Value | undefined): number | null {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
