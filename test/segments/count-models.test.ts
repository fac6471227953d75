import { expect, test } from "vitest";
import { daysOf } from "../../src/config/span.ts";
import type { Filter } from "../../src/core/declared.ts";
import { countModelSql, countModels } from "../../src/segments/count-models.ts";
import { bought } from "../support/bought-event.ts";

const event = { ...bought, arrived: "loaded_at" };
const keys = { identity: "none", identifier: (_namespace: string, column: string) => column, timeZone: "UTC" } as const;
const atLeast = (literal: number): Filter => ({
  column: "amount",
  type: "number",
  comparisons: [{ op: "gte", to: { literal } }],
});
const of = (name: string): Filter => ({
  column: "kind",
  type: "text",
  comparisons: [{ op: "eq", to: { literal: name } }],
});

/** The conditions on the rows that a table's counts are made of. */
function rowsRead(where: readonly (readonly Filter[])[]): string[] {
  const patterns = where.map((filters, i) => ({
    name: `p${i}`,
    event,
    pattern: { event: "bought", within: undefined, where: filters },
  }));
  const [model] = countModels(patterns, daysOf);
  const [, after = ""] = (model === undefined ? "" : countModelSql(model, keys)).split("events as (\n");
  const [events = ""] = after === "" ? [] : after.split("\n)\n");
  return events.match(/\(source\.(?:amount|kind) [=>].*?\)/g) ?? [];
}

test("rows that fit no pattern are not counted, and a bound beside a lower one is not asked", () => {
  expect(rowsRead([[atLeast(160)], [atLeast(150)], [of("gift")]])).toEqual([
    "(source.amount >= 150 or source.kind = 'gift')",
  ]);
});

test("all rows are read where a pattern takes all, and where many filters would have to be asked of each", () => {
  expect(rowsRead([[atLeast(160)], []])).toEqual([]);
  const kinds = Array.from({ length: 9 }, (_, i) => [of(`k${i}`)]);
  expect(rowsRead(kinds.slice(1))).toHaveLength(1);
  expect(rowsRead(kinds)).toEqual([]);
});
