import type { Value } from "./value.ts";

/** An integer of sixteen digits or more that is no part of a string; some strings look like it, which costs time and no more. */
const longInteger = /(^|[[:,])\s*-?\d{16}/;

/** `JSON.parse`, but integers beyond ±(2^53−1) keep their digits as strings, as those of a column of their own do. */
export const parseExactly = (json: string): Value =>
  JSON.parse(json, longInteger.test(json) ? withDigits : undefined) as Value;

function withDigits(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  const bent = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return bent && context?.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value;
}
