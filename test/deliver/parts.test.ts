import fc from "fast-check";
import { expect, test } from "vitest";
import type { RowResult } from "../../src/core/result.ts";
import { backoffMs } from "../../src/deliver/backoff.ts";
import { batchRange, createCutter, cutLimits, halves } from "../../src/deliver/cut.ts";
import type { PlannedChange } from "../../src/deliver/planned-change.ts";
import { answerOf, withAnswer } from "../../src/deliver/platform-answer.ts";
import { toRanges } from "../../src/deliver/results.ts";
import { retryAfterMs } from "../../src/deliver/retry-after.ts";
import { scrub, scrubText } from "../../src/deliver/scrub.ts";
import { writesOf } from "../../src/deliver/sender.ts";
import { plannedRows, shape } from "./rig.ts";

const now = new Date("2026-03-02T09:00:00Z");

test.each([
  ["120", 120_000],
  ["0", 0],
  ["1.5", 1_500],
  ["Mon, 02 Mar 2026 09:00:30 GMT", 30_000],
  ["Monday, 02-Mar-26 09:00:30 GMT", 30_000],
  ["Mon Mar  2 09:00:30 2026", 30_000],
  ["Mon, 02 Mar 2026 08:00:00 GMT", 0],
  ["soon", null],
  ["-5", null],
  ["Monday", null],
  ["", null],
  [undefined, null],
])("Retry-After: %s is %s ms", (header, ms) => {
  expect(retryAfterMs(header, now)).toBe(ms);
});

test("backoff doubles, is jittered down to nothing, is capped, and never undercuts what the platform asked", () => {
  const limits = { backoffBaseMs: 1_000, backoffMaxMs: 60_000 };
  expect([1, 2, 3, 10].map((failures) => backoffMs(failures, limits, () => 1, null))).toEqual([
    1_000, 2_000, 4_000, 60_000,
  ]);
  expect(backoffMs(3, limits, () => 0, null)).toBe(0);
  expect(backoffMs(1, limits, () => 0.5, 9_000)).toBe(9_000);
});

const anyRows = fc
  .tuple(
    fc.array(fc.record({ op: fc.constantFrom("add", "update"), bytes: fc.integer({ min: 1, max: 60 }) }), {
      maxLength: 60,
    }),
    fc.nat({ max: 60 }),
  )
  .map(([parts, removes]) => ({
    removes: Math.min(removes, parts.length),
    rows: parts.map(({ op, bytes }, i): PlannedChange => {
      const real = i < removes ? "remove" : op === "add" ? "add" : "update";
      return { seq: i + 1, op: real, plannedOp: real, key: "k", match: {}, fields: {}, bytes };
    }),
  }));

test("cutting loses no row, exceeds no limit and mixes nothing that must not be mixed", () => {
  fc.assert(
    fc.property(
      anyRows,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 5, max: 99 }),
      fc.boolean(),
      (plan, maxRows, maxBytes, mixedOps) => {
        const cutter = createCutter({ maxRows, maxBytes, mixedOps, removes: plan.removes });
        const batches: (readonly PlannedChange[])[] = [];
        for (const row of plan.rows) {
          const closed = cutter.push(row);
          if (closed) batches.push(closed);
        }
        const rest = cutter.rest();
        if (rest.length > 0) batches.push(rest);
        expect(batches.flat().map(({ seq }) => seq)).toEqual(plan.rows.map(({ seq }) => seq));
        for (const batch of batches) {
          const bytes = batch.reduce((sum, row) => sum + row.bytes, 0);
          expect(batch.length).toBeLessThanOrEqual(maxRows);
          if (batch.length > 1) expect(bytes).toBeLessThanOrEqual(maxBytes);
          expect(new Set(batch.map(({ seq }) => seq <= plan.removes)).size).toBe(1);
          if (!mixedOps) expect(new Set(batch.map(({ op }) => op)).size).toBe(1);
        }
      },
    ),
  );
});

test("a sync may ask for smaller batches than the target takes, not for larger ones", () => {
  const target = { ...shape, batch: { maxRows: 100, maxBytes: 5_000, mixedOps: true } };
  expect(cutLimits(target, { rows: 10, bytes: 9_000 }, 0)).toMatchObject({ maxRows: 10, maxBytes: 5_000 });
  expect(cutLimits(target, { rows: 1_000, bytes: 100 }, 0)).toMatchObject({ maxRows: 100, maxBytes: 100 });
  expect(cutLimits(target, {}, 0)).toMatchObject({ maxRows: 100, maxBytes: 5_000 });
});

test("a batch's id depends on its run and its rows, and on nothing else", () => {
  expect(batchRange("run-1", 1, 10).id).toBe(batchRange("run-1", 1, 10).id);
  const ids = [
    batchRange("run-1", 1, 10),
    batchRange("run-2", 1, 10),
    batchRange("run-1", 1, 11),
    batchRange("run-1", 11, 0),
  ];
  expect(new Set(ids.map(({ id }) => id)).size).toBe(4);
  expect(halves("run-1", { fromSeq: 5, toSeq: 7 }).map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([
    [5, 6],
    [7, 7],
  ]);
});

test("removals and the modes decide what a batch's writes may do", () => {
  expect([writesOf("mirror", true), writesOf("mirror", false), writesOf("upsert", false)]).toEqual([
    "update",
    "upsert",
    "upsert",
  ]);
  expect([writesOf("insert", false), writesOf("append", false), writesOf("update", false)]).toEqual([
    "insert",
    "insert",
    "update",
  ]);
});

const seven = plannedRows(7);
const ok = (seq: number): RowResult => ({ seq, status: "delivered" });

test("a thousand delivered rows are one range", () => {
  const rows = plannedRows(1_000);
  expect(toRanges(rows, rows.map(({ seq }) => ok(seq)).reverse(), 2, "once")).toEqual([
    { fromSeq: 1, toSeq: 1_000, attempt: 2, status: "delivered" },
  ]);
});

test("an id is kept where it is news", () => {
  const rows = plannedRows(3).map((row) => ({ ...row, ...(row.seq === 2 ? { externalId: "old" } : {}) }));
  const ranges = toRanges(
    rows,
    rows.map(({ seq }) => ({ ...ok(seq), externalId: seq === 2 ? "old" : `new${seq}` })),
    1,
    "once",
  );
  expect(ranges).toEqual([
    { fromSeq: 1, toSeq: 1, attempt: 1, status: "delivered", externalId: "new1" },
    { fromSeq: 2, toSeq: 2, attempt: 1, status: "delivered" },
    { fromSeq: 3, toSeq: 3, attempt: 1, status: "delivered", externalId: "new3" },
  ]);
});

test.each([
  ["missing", [1, 2, 3, 5, 6, 7].map(ok)],
  ["named twice", [1, 2, 3, 4, 4, 5, 6, 7].map(ok)],
  ["replaced by a row of another batch", [1, 2, 3, 5, 6, 7, 8].map(ok)],
  [
    "no fate at all",
    [1, 2, 3, 4, 5, 6, 7].map((seq) => (seq === 4 ? ({ seq, status: "great" } as unknown as RowResult) : ok(seq))),
  ],
])("a row whose result is %s is never delivered", (_, rows) => {
  for (const [resend, status] of [
    ["idempotent", "retry"],
    ["once", "unknown"],
  ] as const) {
    const ranges = toRanges(seven, rows, 1, resend);
    expect(ranges.map(({ fromSeq, toSeq, status: fate }) => [fromSeq, toSeq, fate])).toEqual([
      [1, 3, "delivered"],
      [4, 4, status],
      [5, 7, "delivered"],
    ]);
    expect(ranges[1]).toHaveProperty("code", "CONTRACT");
  }
});

test("what is not there to be removed is removed", () => {
  const rejected = (seq: number): RowResult => ({ seq, status: "rejected", code: "NOT_FOUND", message: "none" });
  const set = { ...seven[0], op: "update", plannedOp: "remove" } as PlannedChange;
  expect(toRanges([set], [rejected(1)], 1, "once")).toMatchObject([{ status: "delivered" }]);
  expect(toRanges(plannedRows(1, 1), [rejected(1)], 1, "once")).toMatchObject([{ status: "delivered" }]);
  expect(toRanges(plannedRows(1), [rejected(1)], 1, "once")).toMatchObject([{ status: "rejected", code: "NOT_FOUND" }]);
});

test("platforms' codes and messages arrive without the row's values", () => {
  const rows = plannedRows(2);
  const results: RowResult[] = [
    { seq: 1, status: "rejected", code: "BAD_EMAIL", message: "p1@example.com of NAME OF 1 (k1) is not valid" },
    { seq: 2, status: "retry", code: "a sentence about p2@example.com", message: "m" },
  ];
  expect(toRanges(rows, results, 1, "once")).toMatchObject([
    { code: "BAD_EMAIL", message: "… of … (k1) is not valid" },
    { code: "UNNAMED", message: "m" },
  ]);
});

test("no value of a row survives scrubbing, and no address or telephone number", () => {
  const value = fc
    .string({ minLength: 3, maxLength: 20 })
    .filter((text) => text.trim().length >= 3 && !"….".includes(text.trim()));
  fc.assert(
    fc.property(value, value, value, fc.integer({ min: 1_000 }), (key, email, nested, number) => {
      const change: PlannedChange = {
        seq: 1,
        op: "add",
        plannedOp: "add",
        key,
        match: { email },
        fields: { list: [{ nested }], number, none: null },
        externalId: "0035g00000AbCdE",
        bytes: 1,
      };
      const message = `a ${key} b ${email.toUpperCase()} c ${nested} d ${number} e 0035g00000AbCdE`;
      const scrubbed = scrub(message, change).replaceAll("…", "");
      for (const one of [key, nested, String(number), "0035g00000AbCdE"]) {
        if (one.trim().length >= 3)
          expect(scrubbed.includes(one.trim()) && !"a b c d e".includes(one.trim())).toBe(false);
      }
    }),
  );
  expect(scrubText("call +49 (0) 351 123-4567 or ann.o'brien+x@sub.example.com today")).toBe("call … or … today");
  expect(scrubText("x".repeat(1_000))).toHaveLength(300);
  expect(scrub("limit of 100 rows", { ...plannedRows(1)[0], fields: { visits: 100 } } as PlannedChange)).toBe(
    "limit of 100 rows",
  );
});

test.each([
  [{ message: "m" }, "m"],
  [{ error: { message: "m" } }, "m"],
  [{ errors: [{ detail: "d", title: "t" }] }, "d"],
  [[{ errorCode: "X", message: "m" }], "m"],
  ["plain words", "plain words"],
  ["<html><body>secret</body></html>", null],
  [{ status: 1 }, null],
  [null, null],
])("the platform's words are found in %j", (body, words) => {
  const error = withAnswer(new Error("refused"), body);
  expect(answerOf(error)).toBe(words);
  expect(JSON.stringify(error)).toBe("{}");
  expect(answerOf(new Error("other"))).toBeNull();
});
