import type { Comparison, Filter } from "../core/declared.ts";

/** Filters that a row fits if it fits all of one list. */
export type Alternatives = readonly (readonly Filter[])[];

/** The same rows by fewer lists: one whose rows all fit another says nothing more. */
export function withoutImplied(alternatives: Alternatives): Alternatives {
  const kept: (readonly Filter[])[] = [];
  for (const each of alternatives) {
    if (kept.some((wider) => impliesAll(each, wider))) continue;
    const stay = kept.filter((narrower) => !impliesAll(narrower, each));
    kept.splice(0, kept.length, ...stay, each);
  }
  return kept;
}

const impliesAll = (narrow: readonly Filter[], wide: readonly Filter[]): boolean =>
  wide.every((filter) => narrow.some((other) => implies(other, filter)));

const implies = (narrow: Filter, wide: Filter): boolean =>
  narrow.column === wide.column &&
  narrow.type === wide.type &&
  wide.comparisons.every((comparison) => narrow.comparisons.some((other) => isWithin(other, comparison)));

/** Whether what the first holds for the second holds for too. Beyond the same words, only of numbers held against numbers. */
function isWithin(narrow: Comparison, wide: Comparison): boolean {
  if (JSON.stringify(narrow) === JSON.stringify(wide)) return true;
  const [inner, outer] = [numberOf(narrow), numberOf(wide)];
  if (inner === null || outer === null || narrow.op !== wide.op) return false;
  // Never from one sign to another: as a column's own type, two bounds may be the same number.
  if (wide.op === "gte" || wide.op === "gt") return inner >= outer;
  if (wide.op === "lte" || wide.op === "lt") return inner <= outer;
  return false;
}

function numberOf(comparison: Comparison): number | null {
  if (!("to" in comparison) || !("literal" in comparison.to)) return null;
  const { literal } = comparison.to;
  return typeof literal === "number" ? literal : null;
}
