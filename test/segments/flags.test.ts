import { expect, test } from "vitest";
import { daysOf } from "../../src/config/span.ts";
import type { Declarations, Rule, SegmentDeclaration } from "../../src/core/declared.ts";
import { countedBy, countModels } from "../../src/segments/count-models.ts";
import { flagParts } from "../../src/segments/flags-sql.ts";
import { patternKey, patternName } from "../../src/segments/patterns.ts";
import { bought } from "../support/bought-event.ts";

const boughtWithin = (days: number): Extract<Rule, { kind: "did" }> => ({
  kind: "did",
  pattern: { event: "bought", within: { count: days, unit: "day" }, where: [] },
  times: [{ op: "gte", to: 1 }],
});
const segment = (name: string, rules: readonly Rule[]): SegmentDeclaration => ({
  name,
  description: undefined,
  by: { rule: { kind: "any", rules } },
  stage: undefined,
  origin: { file: "segments/s.yml", line: 1 },
});

/** The flags of segments whose patterns are all counted by themselves. */
function flagsOf(segments: readonly SegmentDeclaration[], patterns: readonly Extract<Rule, { kind: "did" }>[]): string {
  const counted = patterns.map(({ pattern }) => ({ name: patternName(pattern), event: bought, pattern }));
  const models = countModels(counted, daysOf, (all) => ({ shared: [], apart: all }));
  const declared: Declarations = {
    events: [bought],
    traitFiles: [],
    segments,
    lifecycles: [],
    golden: null,
    timeZone: "UTC",
    excluded: [],
  };
  return flagParts(declared, countedBy(models))
    .map(({ text }) => text)
    .join("\n");
}

test("patterns that are counted apart are columns of one join, however many segments ask for them", () => {
  const [week, month] = [boughtWithin(7), boughtWithin(30)];
  const text = flagsOf([segment("a", [week, month]), segment("b", [month])], [week, month]);
  expect(text.match(/left join \S+/g)).toEqual(["left join event_counts__events_apart"]);
  for (const { pattern } of [week, month]) {
    const name = patternName(pattern);
    expect(text.split(`max(case when pattern = '${patternKey(name)}' then times end) as ${name}`)).toHaveLength(2);
    expect(text).toContain(`coalesce(event_counts__events_apart.${name}, 0) >= 1`);
  }
});

test("a join has as many columns as every engine takes", () => {
  const patterns = Array.from({ length: 901 }, (_, i) => boughtWithin(i + 1));
  const text = flagsOf([segment("a", patterns), segment("b", patterns)], patterns);
  expect(text.match(/left join \S+/g)).toEqual(
    ["", "__2", "__3"].map((more) => `left join event_counts__events_apart${more}`),
  );
  const columns = text
    .split("from {{ ref('event_counts__events_apart') }}")
    .map((part) => part.match(/ then times end\) as /g)?.length ?? 0);
  expect(columns).toEqual([400, 400, 101, 0]);
});

test("a segment that asks for no other is asked by its rule, with what that counts; another by who is in it", () => {
  const week = boughtWithin(7);
  const inside = (name: string): Rule => ({ kind: "segment", segment: name });
  const text = flagsOf(
    [segment("base", [week]), segment("above", [inside("base")]), segment("top", [inside("above")])],
    [week],
  );
  expect(text.match(/in \(select profile_id from \S+ \S+ \S+\)/g)).toEqual([
    "in (select profile_id from {{ ref('above') }})",
  ]);
  expect(text).toMatch(/-- segment base\n +coalesce\(bought_7_days\.times, 0\) >= 1\n/);
  // so that a failed test of any of them holds the history back
  expect(text.match(/ref\('(?:base|above|top)'\)/g)?.toSorted()).toEqual(["ref('above')", "ref('base')", "ref('top')"]);
});
