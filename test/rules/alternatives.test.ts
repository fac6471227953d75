import { expect, test } from "vitest";
import type { Comparison, Filter, Literal } from "../../src/core/declared.ts";
import { withoutImplied } from "../../src/rules/alternatives.ts";

const held = (op: "eq" | "gte" | "gt" | "lte" | "lt", literal: Literal): Comparison => ({ op, to: { literal } });
const amount = (...comparisons: readonly Comparison[]): Filter => ({ column: "amount", type: "number", comparisons });
const kind = (name: string): Filter => ({ column: "kind", type: "text", comparisons: [held("eq", name)] });

test.each([
  ["the least of lower bounds", [[amount(held("gte", 5))], [amount(held("gte", 3))], [amount(held("gte", 9))]], [1]],
  ["the greatest of upper bounds", [[amount(held("lt", 5))], [amount(held("lt", 7))]], [1]],
  ["one of the same", [[kind("a")], [kind("a")]], [0]],
  ["a list for one with a further filter", [[kind("a"), amount(held("gte", 3))], [kind("a")]], [1]],
  ["every row for all else", [[kind("a")], [], [amount(held("gte", 3))]], [1]],
  ["both, of different columns", [[kind("a")], [amount(held("gte", 3))]], [0, 1]],
  ["both, of different texts", [[kind("a")], [kind("b")]], [0, 1]],
  ["both, of bounds on two sides", [[amount(held("gte", 3))], [amount(held("lte", 3))]], [0, 1]],
  [
    "both, of a wider bound with a further filter",
    [[amount(held("gte", 5))], [kind("a"), amount(held("gte", 3))]],
    [0, 1],
  ],
  [
    "both, of ranges that overlap",
    [[amount(held("gte", 3), held("lt", 9))], [amount(held("gte", 5), held("lt", 12))]],
    [0, 1],
  ],
  [
    "a range for one inside it",
    [[amount(held("gte", 5), held("lt", 9))], [amount(held("gte", 3), held("lt", 12))]],
    [1],
  ],
  ["both, of bounds that are texts", [[amount(held("gte", "10"))], [amount(held("gte", "9"))]], [0, 1]],
] as const)("what a row may fit is told by %s", (_words, alternatives, kept) => {
  expect(withoutImplied(alternatives)).toEqual(kept.map((i) => alternatives[i]));
});
