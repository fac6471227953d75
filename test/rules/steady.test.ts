import { expect, test } from "vitest";
import type { Filter, RowSource } from "../../src/core/declared.ts";
import { affectedTables, steadyOf } from "../../src/rules/steady.ts";

const source: RowSource = {
  model: "orders",
  key: "order_id",
  at: "ordered_at",
  arrived: "loaded_at",
  profile: { namespace: "user_id", column: "customer_id" },
  where: [],
};
const keys = { identity: "none", identifier: (_namespace: string, column: string) => column, timeZone: "UTC" } as const;
const within = { count: 7, unit: "day" } as const;
const channel = (name: string): Filter => ({
  column: "channel",
  type: "text",
  comparisons: [{ op: "eq", to: { literal: name } }],
});

const relative: readonly (readonly [string, Filter["comparisons"][number]])[] = [
  ["within a time", { op: "within", span: within }],
  ["later than yesterday", { op: "gt", to: { moment: { daysAgo: 1 } } }],
  ["before a week ago", { op: "lt", to: { moment: { ago: within } } }],
];
test.each(relative)("a table is read whole in every build where a filter asks for %s", (_words, comparison) => {
  const where = [{ column: "sent_at", type: "timestamp", comparisons: [comparison] } as const];
  expect(steadyOf(source, [{ where }], [], keys)).toBeNull();
});

test("a filter for a fixed day leaves a table to be read by its changes", () => {
  const comparisons = [{ op: "gt", to: { moment: { day: "2026-03-01" } } } as const];
  expect(
    steadyOf(source, [{ where: [{ column: "sent_at", type: "timestamp", comparisons }] }], [], keys),
  ).not.toBeNull();
});

test("rows at a window's edge count if they fit one of those who look at it, and all of them if one takes every row", () => {
  const edgeOf = (...where: readonly (readonly Filter[])[]): string => {
    const steady = steadyOf(
      source,
      where.map((each) => ({ within, where: each })),
      [],
      keys,
    );
    const lines = steady === null ? [] : affectedTables(steady).split("\n");
    return lines.find((line) => line.includes("crossed_edge"))?.trim() ?? "";
  };
  const edge = `millrace.crossed_edge("source.ordered_at", 7, 'day', 'UTC', last)`;
  expect(edgeOf([channel("web")], [channel("shop")])).toBe(
    `${edge} ~ " and (source.channel = 'web' or source.channel = 'shop')"`,
  );
  expect(edgeOf([channel("web")], [])).toBe(edge);
});
