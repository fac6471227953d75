import type { Used } from "./measure.ts";

/** One line of the report: what was measured, and the limit it is held against. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: "x" | "CPU-s" | "s" | "MB" | "%" | "rows/s" | "rows/CPU-s" | "rows" | "F1";
  /** `most` or `least`, in the same unit; none: for information. */
  readonly target?: { readonly most: number } | { readonly least: number };
}

/** null: there is no target. */
export function met({ value, target }: Figure): boolean | null {
  if (target === undefined) return null;
  return "most" in target ? value <= target.most : value >= target.least;
}

/** CPU and memory of a variant as two figures for information. */
export const figuresOf = (what: string, used: Used): Figure[] => [
  { what: `${what}: CPU`, value: used.cpu, unit: "CPU-s" },
  { what: `${what}: peak memory`, value: used.rss / 1e6, unit: "MB" },
];

export function line(figure: Figure): string {
  const { what, value, unit, target } = figure;
  const digits = unit === "F1" ? 4 : unit === "x" || unit === "CPU-s" || unit === "s" ? 2 : unit === "%" ? 1 : 0;
  const told = `${value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
  const bound = target === undefined ? "" : "most" in target ? `at most ${target.most}` : `at least ${target.least}`;
  const verdict = met(figure) === null ? "" : met(figure) === true ? "met" : "MISSED";
  return `  ${what.padEnd(58)} ${told.padStart(18)}  ${bound.padEnd(16)} ${verdict}`.trimEnd();
}
