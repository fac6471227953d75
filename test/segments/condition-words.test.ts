import { expect, test } from "vitest";
import type { Rule } from "../../src/core/declared.ts";
import { conditionWords } from "../../src/segments/condition-words.ts";

const inside: Rule = { kind: "segment", segment: "vips" };
const often: Rule = {
  kind: "did",
  pattern: { event: "order_placed", within: { count: 30, unit: "day" }, where: [] },
  times: [{ op: "gte", to: 3 }],
};
const rich: Rule = {
  kind: "trait",
  trait: "revenue",
  type: "number",
  comparisons: [{ op: "gt", to: { literal: 100 } }],
};

test.each<[Rule, string]>([
  [inside, "is in the segment vips"],
  [{ kind: "not", rule: inside }, "is not in the segment vips"],
  [{ kind: "not", rule: often }, "not (did order_placed in the last 30 days at least 3 times)"],
  [
    { kind: "all", rules: [rich, { kind: "not", rule: { kind: "any", rules: [often, inside] } }] },
    "revenue is more than 100 and not (did order_placed in the last 30 days at least 3 times or is in the segment vips)",
  ],
  [
    { kind: "any", rules: [inside, { kind: "all", rules: [rich, often] }] },
    "is in the segment vips or (revenue is more than 100 and did order_placed in the last 30 days at least 3 times)",
  ],
])("a condition in words is one that people say", (rule, words) => {
  expect(conditionWords(rule)).toBe(words);
});
