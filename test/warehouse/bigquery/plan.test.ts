import { describe, expect, it, vi } from "vitest";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { labsOnBigQuery } from "../../support/bigquery/lab.ts";
import { LedgerLab } from "../../support/ledger-lab.ts";
import { aSync } from "../../support/sync.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });
const missing = emulatorMissing();
if (missing === null) labsOnBigQuery();

describe.skipIf(missing !== null)("a plan on BigQuery", () => {
  it("adds, updates and removes, keeps a refused row out of the ledger, and settles once", async () => {
    const lab = await LedgerLab.open();
    try {
      const sync = aSync();
      await lab.model([
        { id: "1", email: "a@x", name: "O'Brien 😀" },
        { id: "2", email: "b@x", name: "B" },
        { id: null, email: "c@x", name: "C" },
      ]);
      const first = await lab.plan(sync);
      expect(first.plan.counts).toMatchObject({ modelRows: 3, add: 2, refused: 1 });
      expect(first.changes.map(({ key, op, fields }) => [key, op, fields])).toEqual(
        expect.arrayContaining([["1", "add", expect.objectContaining({ name: "O'Brien 😀" })]]),
      );
      const refuseB = (change: { readonly key: string }) =>
        change.key === "2"
          ? ({ status: "rejected", code: "BAD", message: "no" } as const)
          : ({ status: "delivered", externalId: "x1" } as const);
      expect(await lab.settle(sync, first, refuseB)).toBe(true);
      expect(await lab.settle(sync, first, refuseB)).toBe(false);
      expect((await lab.ledger(sync)).map(({ key, external_id }) => [key, external_id])).toEqual([["1", "x1"]]);

      await lab.model([{ id: "3", email: "d@x", name: "D" }]);
      const second = await lab.plan(sync);
      expect(second.changes.map(({ key, op }) => [key, op])).toEqual([
        ["1", "remove"],
        ["3", "add"],
      ]);
      await lab.settle(sync, second);
      expect((await lab.ledger(sync)).map(({ key, state }) => [key, state])).toEqual([
        ["1", "removed"],
        ["3", "present"],
      ]);
    } finally {
      await lab.close();
    }
  });
});

// All of the plan's own tests take the emulator half an hour of CPU: by hand, with MILLRACE_BIGQUERY_PLANS=all.
if (missing === null && process.env.MILLRACE_BIGQUERY_PLANS === "all") {
  describe("on BigQuery", async () => {
    await import("../../plan/plan.test.ts");
    await import("../../plan/identifiers.test.ts");
  });
}
