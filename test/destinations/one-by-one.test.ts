import { expect, test } from "vitest";
import { BatchRefused, Unavailable } from "../../src/core/delivery-errors.ts";
import { delivered, type Fates } from "../../src/destinations/fates.ts";
import { oneByOne } from "../../src/destinations/one-by-one.ts";

const rows = Array.from({ length: 10 }, (_, n) => ({
  change: { seq: n, op: "add" as const, key: String(n), match: {}, fields: {} },
}));
const later = () => new Promise((resolve) => setImmediate(resolve));

test("sends as many at once as it may, and every row once", async () => {
  const fates: Fates = new Map();
  let [now, most] = [0, 0];
  await oneByOne(rows, 3, fates, async () => {
    now += 1;
    most = Math.max(most, now);
    await later();
    now -= 1;
    return delivered();
  });
  expect([most, fates.size]).toEqual([3, 10]);
});

test("takes a refusal as the row's own, and goes on", async () => {
  const fates: Fates = new Map();
  await oneByOne(rows, 2, fates, async ({ change }) => {
    if (change.seq === 4) throw new BatchRefused("refused", { hint: "mend it", reason: "INVALID" });
    return delivered();
  });
  expect(fates.get(4)).toMatchObject({ status: "rejected", code: "INVALID" });
  expect(fates.size).toBe(10);
});

test("throws anything else once the requests under way have ended, and begins no more", async () => {
  const fates: Fates = new Map();
  const begun: number[] = [];
  const sent = oneByOne(rows, 2, fates, async ({ change }) => {
    begun.push(change.seq);
    await later();
    if (change.seq === 2) throw new Unavailable("not now", { hint: "wait" });
    await later();
    return delivered();
  });
  await expect(sent).rejects.toBeInstanceOf(Unavailable);
  expect(begun.every((seq) => seq === 2 || fates.has(seq))).toBe(true);
  expect(begun.length).toBeLessThan(6);
});
