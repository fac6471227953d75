import { afterEach, expect, test } from "vitest";
import { BatchRefused } from "../../src/core/delivery-errors.ts";
import type { Batch } from "../../src/destinations/connector.ts";
import { rig as makeRig, plannedRows, type Rig, type RigOptions, testTarget } from "./rig.ts";

const rigs: Rig[] = [];
async function rig(options: RigOptions): Promise<Rig> {
  const made = await makeRig(options);
  rigs.push(made);
  return made;
}
afterEach(async () => {
  for (const one of rigs.splice(0)) await one.close();
});

const allDelivered = (batch: Batch) => ({
  state: "done" as const,
  rows: batch.changes.map(({ seq }) => ({ seq, status: "delivered" as const })),
});

test("delivers every row once, in batches no larger than the target takes", async () => {
  const sent: Batch[] = [];
  const r = await rig({
    rows: plannedRows(1_050),
    target: testTarget({
      async send(batch) {
        sent.push(batch);
        return allDelivered(batch);
      },
    }),
  });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(sent.map((batch) => batch.changes.length)).toEqual([...new Array(10).fill(100), 50]);
  expect(await r.counts()).toEqual({
    planned: 1_050,
    delivered: 1_050,
    accepted: 0,
    rejected: 0,
    retry: 0,
    unknown: 0,
  });
});

test("finds one bad row in a thousand with about twice log2 requests", async () => {
  let requests = 0;
  const r = await rig({
    rows: plannedRows(1_000),
    target: testTarget({
      shape: { batch: { maxRows: 1_000, mixedOps: true } },
      async send(batch) {
        requests += 1;
        if (batch.changes.some(({ seq }) => seq === 637)) {
          throw new BatchRefused("no", { reason: "BAD_NAME", hint: "" });
        }
        return allDelivered(batch);
      },
    }),
  });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(requests).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(1_000)) + 1);
  const fates = await r.fates();
  expect(fates.get(637)).toBe("rejected BAD_NAME");
  expect([...fates.values()].filter((fate) => fate === "delivered")).toHaveLength(999);
});
