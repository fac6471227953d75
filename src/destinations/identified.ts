import type { Change } from "../core/change.ts";
import type { Value } from "../core/value.ts";
import { type Fates, noIdentifier, rejected } from "./fates.ts";

/** A change and the text that finds its record at the destination. */
export interface Identified {
  readonly change: Change;
  readonly value: string;
}

/** null: no value, or none that could identify anybody. */
export function identifierText(value: Value | undefined): string | null {
  if (typeof value !== "string" && typeof value !== "number") return null;
  const text = String(value).trim();
  return text === "" ? null : text;
}

export const duplicateMatch = rejected("DUPLICATE_MATCH", "another row of the same request has this identifier");

/** Rows with an identifier that no other row of the request has; the others get their fate. `fold`: what the platform compares by. */
export function identified(
  changes: readonly Change[],
  name: string,
  fates: Fates,
  fold: (text: string) => string = (text) => text,
): readonly Identified[] {
  const taken = new Set<string>();
  const rows: Identified[] = [];
  for (const change of changes) {
    const value = identifierText(change.match[name]);
    if (value === null) fates.set(change.seq, noIdentifier);
    else if (taken.has(fold(value))) fates.set(change.seq, duplicateMatch);
    else {
      taken.add(fold(value));
      rows.push({ change, value });
    }
  }
  return rows;
}

/** For addresses, which platforms keep in lower case. */
export const lowered = (text: string): string => text.toLowerCase();

/** The first text longer than `max` characters among named values, by its name; null: none. */
export function longText(fields: Readonly<Record<string, Value>>, max: number): string | null {
  const found = Object.entries(fields).find(([, value]) => typeof value === "string" && value.length > max);
  return found?.[0] ?? null;
}
