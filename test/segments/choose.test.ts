import { describe, expect, it } from "vitest";
import { daysOf } from "../../src/config/span.ts";
import type { Comparison, EventDeclaration, Property, Span } from "../../src/core/declared.ts";
import { choose } from "../../src/segments/choose.ts";
import type { CountedPattern } from "../../src/segments/patterns.ts";
import { bought } from "../support/bought-event.ts";

const days = (count: number): Span => ({ count, unit: "day" });
const pattern = (name: string, within: Span | undefined, ...comparisons: Comparison[]): CountedPattern => ({
  name,
  event: bought,
  pattern: {
    event: "bought",
    within,
    where: comparisons.map((each) => ({ column: "x", type: "unknown", comparisons: [each] })),
  },
});
const equal: Comparison = { op: "eq", to: { literal: "x" } };
const atLeast: Comparison = { op: "gte", to: { literal: 1 } };
const fifty = (make: (i: number) => CountedPattern) => Array.from({ length: 50 }, (_, i) => make(i));

describe("who shares a pass, where volumes are told,", () => {
  const rows = 10_000_000;
  const told = (volume: EventDeclaration["volume"], more: Partial<Property> = {}): EventDeclaration => ({
    ...bought,
    properties: new Map([["x", { column: "x", type: "number", ...more }]]),
    volume,
  });
  const all = (of: EventDeclaration, make: (i: number) => CountedPattern) =>
    choose(
      fifty((i) => ({ ...make(i), event: of })),
      daysOf,
    ).shared.length;

  it("is nobody where a range is narrow, though a range usually is not", () => {
    const over = (i: number) => pattern(`r${i}`, undefined, { op: "gte", to: { literal: 196 + (i % 4) } });
    expect(all(bought, over)).toBe(50);
    expect(all(told({ rows }, { range: [0, 199] }), over)).toBe(0);
  });

  it("is everybody where a column has two values, though an equality usually wants few rows", () => {
    const is = (i: number) => pattern(`v${i}`, days(365), equal, equal);
    expect(all(bought, is)).toBe(0);
    expect(all(told({ rows }, { values: 2 }), is)).toBe(50);
  });

  it("is everybody where the past is no longer than the windows", () => {
    const is = (i: number) => pattern(`d${i}`, days(20 + i), equal);
    expect(all(bought, is)).toBe(0);
    expect(all(told({ rows, days: 20 }), is)).toBe(50);
  });

  it("weighs the events of one table by their rows", () => {
    const rare = { ...told({ rows: 10_000 }), name: "rare" };
    const common = told({ rows });
    const both = [
      ...fifty((i) => ({ ...pattern(`c${i}`, undefined), event: common })),
      ...fifty((i) => ({ ...pattern(`r${i}`, undefined), event: rare })),
    ];
    const { shared } = choose(both, daysOf);
    expect(shared.map(({ name }) => name[0])).toEqual(Array.from({ length: 50 }, () => "c"));
  });
});

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

  it("is nobody where each wants one row in a hundred, even if the table must be read whole for each", () => {
    const { shared } = choose(
      fifty((i) => pattern(`e${i}`, undefined, equal, equal)),
      daysOf,
    );
    expect(shared).toEqual([]);
  });

  it("is everybody where each wants every row there is", () => {
    const { shared } = choose(
      fifty((i) => pattern(`e${i}`, undefined)),
      daysOf,
    );
    expect(shared).toHaveLength(50);
  });

  it("is those of short windows, without the one that would have them read everything", () => {
    const short = fifty((i) => pattern(`s${i}`, days(10 + i)));
    const { shared, apart } = choose([...short, pattern("ever", undefined, equal, equal)], daysOf);
    expect(shared).toHaveLength(50);
    expect(apart.map(({ name }) => name)).toEqual(["ever"]);
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
