import { describe, expect, it } from "vitest";
import { daysOf } from "../../src/config/span.ts";
import type { Comparison, EventDeclaration, Span } from "../../src/core/declared.ts";
import { choose } from "../../src/segments/choose.ts";
import type { CountedPattern } from "../../src/segments/patterns.ts";

const event: EventDeclaration = {
  name: "e",
  model: "events",
  profile: { namespace: "user_id", column: "c" },
  at: "t",
  key: "k",
  arrived: undefined,
  where: [],
  properties: new Map(),
  origin: { file: "events/e.yml", line: 1 },
};
const days = (count: number): Span => ({ count, unit: "day" });
const pattern = (name: string, within: Span | undefined, ...comparisons: Comparison[]): CountedPattern => ({
  name,
  event,
  pattern: {
    event: "e",
    within,
    where: comparisons.map((each) => ({ column: "x", type: "unknown", comparisons: [each] })),
  },
});
const equal: Comparison = { op: "eq", to: { literal: "x" } };
const atLeast: Comparison = { op: "gte", to: { literal: 1 } };
const fifty = (make: (i: number) => CountedPattern) => Array.from({ length: 50 }, (_, i) => make(i));

describe("who shares a pass", () => {
  it("is those with long windows", () => {
    const { shared, apart } = choose(
      fifty((i) => pattern(`w${i}`, days(300 + i), atLeast)),
      daysOf,
    );
    expect([shared.length, apart.length]).toEqual([50, 0]);
  });

  it("is none of those that want one row in thousands of the last weeks", () => {
    const { shared, apart } = choose(
      fifty((i) => pattern(`n${i}`, days(30 + (i % 20)), equal, equal)),
      daysOf,
    );
    expect([shared.length, apart.length]).toEqual([0, 50]);
  });

  it("is everybody where the table must be read whole for each", () => {
    const { shared } = choose(
      fifty((i) => pattern(`e${i}`, undefined, equal, equal)),
      daysOf,
    );
    expect(shared).toHaveLength(50);
  });

  it("is only the long ones of a mixture", () => {
    const mixed = [
      ...fifty((i) => pattern(`w${i}`, days(300 + i))),
      ...fifty((i) => pattern(`n${i}`, days(2), equal, equal)),
    ];
    const { shared, apart } = choose(mixed, daysOf);
    expect(shared.every(({ name }) => name.startsWith("w"))).toBe(true);
    expect(apart.every(({ name }) => name.startsWith("n"))).toBe(true);
  });

  it("is the same whatever the order of the files", () => {
    const all = fifty((i) => pattern(`p${i}`, days(10 * i + 1), ...(i % 2 === 0 ? [equal] : [])));
    const names = (list: readonly CountedPattern[]) => choose(list, daysOf).shared.map(({ name }) => name);
    expect(names([...all].reverse())).toEqual(names(all));
  });
});
