import type { TraitRule } from "./declared.ts";

/** The traits that a computed one is computed from; of an expression, words that may be traits. Lower case, as engines fold them. */
export function traitsNamed(rule: TraitRule): string[] {
  if (rule.kind === "ratio") return [rule.of, rule.to];
  if (rule.kind === "score") return [rule.of];
  // What stands in quotes is a text, and before a bracket a function.
  return rule.kind === "expression"
    ? wordsOf(rule.text.replace(/'(?:[^']|'')*'/g, " ").replace(/\b[a-z_]\w*\s*\(/gi, "("))
    : [];
}

export const wordsOf = (sql: string): string[] => sql.toLowerCase().match(/[a-z_][a-z0-9_]*/g) ?? [];
