import { describe, expect, it } from "vitest";
import { ContractError } from "../../../src/core/errors.ts";
import type { ResultRange } from "../../../src/core/result.ts";
import { type StorePlace, useStore } from "./setup.ts";

export function batchCases(place: () => Promise<StorePlace>): void {
  const c = useStore(place);

  describe("batches", () => {
    it("are cut piece by piece and listed in order of seq", async () => {
      await c.begin("r1");
      await c.freeze("r1", 30);
      await c.store.cut("r1", [{ id: "c", fromSeq: 21, toSeq: 30 }], c.lease);
      await c.store.cut(
        "r1",
        [
          { id: "a", fromSeq: 1, toSeq: 10 },
          { id: "b", fromSeq: 11, toSeq: 20 },
        ],
        c.lease,
      );
      expect(await c.store.batches("r1")).toEqual([
        { id: "a", fromSeq: 1, toSeq: 10, attempt: 0, nextAt: null, state: "planned", job: null },
        { id: "b", fromSeq: 11, toSeq: 20, attempt: 0, nextAt: null, state: "planned", job: null },
        { id: "c", fromSeq: 21, toSeq: 30, attempt: 0, nextAt: null, state: "planned", job: null },
      ]);
    });

    it.each([
      ["overlaps from below", { id: "x", fromSeq: 5, toSeq: 11 }],
      ["overlaps from above", { id: "x", fromSeq: 20, toSeq: 25 }],
      ["contains another", { id: "x", fromSeq: 5, toSeq: 25 }],
      ["lies inside another", { id: "x", fromSeq: 12, toSeq: 13 }],
      ["is backwards", { id: "x", fromSeq: 5, toSeq: 4 }],
      ["begins before 1", { id: "x", fromSeq: 0, toSeq: 4 }],
      ["ends after the plan", { id: "x", fromSeq: 25, toSeq: 31 }],
      ["has the id of another", { id: "b1", fromSeq: 1, toSeq: 4 }],
    ])("refuses a batch that %s, with all that came with it", async (_, bad) => {
      await c.begin("r1");
      await c.freeze("r1", 30);
      await c.store.cut("r1", [{ id: "b1", fromSeq: 11, toSeq: 20 }], c.lease);
      await expect(c.store.cut("r1", [{ id: "good", fromSeq: 26, toSeq: 26 }, bad], c.lease)).rejects.toThrow(
        ContractError,
      );
      expect((await c.store.batches("r1")).map((one) => one.id)).toEqual(["b1"]);
    });

    it("are not cut without a plan, nor from one that waits for approval", async () => {
      const one = [{ id: "b1", fromSeq: 1, toSeq: 1 }];
      await c.begin("r1");
      await expect(c.store.cut("r1", one, c.lease)).rejects.toThrow(ContractError);
      await c.freeze("r1", 1, "held");
      await expect(c.store.cut("r1", one, c.lease)).rejects.toThrow(ContractError);
      await c.store.approve("r1", c.lease);
      await c.store.cut("r1", one, c.lease);
      expect(await c.store.batches("r1")).toHaveLength(1);
    });

    it("go from planned over sending to returned", async () => {
      await c.oneBatch(3);
      await c.store.sending("r1", "b1", 1, c.lease);
      expect(await c.batch("b1")).toMatchObject({ state: "sending", attempt: 1 });
      await c.store.returned("r1", "b1", [{ fromSeq: 1, toSeq: 3, attempt: 1, status: "accepted" }], c.lease);
      expect(await c.batch("b1")).toMatchObject({ state: "returned", attempt: 1 });
    });

    it("go back to planned for another attempt, not before its time", async () => {
      await c.oneBatch(3);
      const nextAt = new Date("2026-03-01T06:05:00.000Z");
      await c.store.sending("r1", "b1", 1, c.lease);
      await c.store.retryAt("r1", "b1", nextAt, c.lease);
      expect(await c.batch("b1")).toMatchObject({ state: "planned", attempt: 1, nextAt });
      await expect(c.store.sending("r1", "b1", 1, c.lease)).rejects.toThrow(ContractError);
      await c.store.sending("r1", "b1", 2, c.lease);
      expect(await c.batch("b1")).toMatchObject({ state: "sending", attempt: 2, nextAt: null });
    });

    it("keep a job so that it can be polled after a crash, through its phases", async () => {
      await c.oneBatch(3);
      const nextAt = new Date("2026-03-01T06:00:30.000Z");
      await c.store.sending("r1", "b1", 1, c.lease);
      await c.store.pending("r1", "b1", { id: "750", phase: "created" }, nextAt, c.lease);
      const job = { id: "750", phase: "uploaded", data: { parts: [1, { ключ: null }] } };
      await c.store.pending("r1", "b1", job, nextAt, c.lease);
      await c.reopen();
      expect(await c.batch("b1")).toMatchObject({ state: "pending", job, nextAt, attempt: 1 });
      await c.store.retryAt("r1", "b1", nextAt, c.lease);
      expect(await c.batch("b1")).toMatchObject({ state: "planned", job: null });
    });

    it("are replaced by parts that cover them exactly", async () => {
      await c.oneBatch(10);
      await c.store.sending("r1", "b1", 1, c.lease);
      const parts = [
        { id: "b1a", fromSeq: 1, toSeq: 5 },
        { id: "b1b", fromSeq: 6, toSeq: 10 },
      ];
      await c.store.split("r1", "b1", parts, c.lease);
      expect(await c.store.batches("r1")).toEqual(
        parts.map((part) => ({ ...part, attempt: 0, nextAt: null, state: "planned", job: null })),
      );
    });

    it.each([
      [
        "leave a gap",
        [
          [1, 4],
          [6, 10],
        ],
      ],
      [
        "overlap",
        [
          [1, 5],
          [5, 10],
        ],
      ],
      [
        "end early",
        [
          [1, 5],
          [6, 9],
        ],
      ],
      [
        "reach further",
        [
          [1, 5],
          [6, 11],
        ],
      ],
      ["are none", []],
      ["are one", [[1, 10]]],
    ])("are not replaced by parts that %s", async (_, ranges) => {
      await c.oneBatch(10);
      const parts = ranges.map(([fromSeq = 0, toSeq = 0], i) => ({ id: `p${i}`, fromSeq, toSeq }));
      await expect(c.store.split("r1", "b1", parts, c.lease)).rejects.toThrow(ContractError);
      expect((await c.store.batches("r1")).map((one) => one.id)).toEqual(["b1"]);
    });

    const accepted: ResultRange[] = [{ fromSeq: 1, toSeq: 3, attempt: 1, status: "accepted" }];
    const steps = {
      sending: () => c.store.sending("r1", "b1", 9, c.lease),
      pending: () => c.store.pending("r1", "b1", { id: "j", phase: "p" }, c.clock.now(), c.lease),
      retryAt: () => c.store.retryAt("r1", "b1", c.clock.now(), c.lease),
      split: () =>
        c.store.split(
          "r1",
          "b1",
          [
            { id: "x", fromSeq: 1, toSeq: 1 },
            { id: "y", fromSeq: 2, toSeq: 3 },
          ],
          c.lease,
        ),
      returned: () => c.store.returned("r1", "b1", accepted, c.lease),
    };
    const illegal: readonly (readonly [
      "planned" | "sending" | "pending" | "returned" | "settled",
      keyof typeof steps,
    ])[] = [
      ["planned", "pending"],
      ["planned", "returned"],
      ["sending", "sending"],
      ["pending", "sending"],
      ["returned", "sending"],
      ["returned", "pending"],
      ["returned", "retryAt"],
      ["returned", "split"],
      ["returned", "returned"],
      ["settled", "sending"],
      ["settled", "retryAt"],
      ["settled", "split"],
      ["settled", "returned"],
    ];
    it.each(illegal)("that are %s refuse the step %s", async (state, step) => {
      await c.oneBatch(3);
      if (state !== "planned") await c.store.sending("r1", "b1", 1, c.lease);
      if (state === "pending") await steps.pending();
      if (state === "returned" || state === "settled") await steps.returned();
      if (state === "settled") await c.store.settled("r1", "vips", c.lease);
      await expect(steps[step]()).rejects.toThrow(ContractError);
      expect((await c.batch("b1"))?.state).toBe(state);
    });

    it("are not sent when they do not exist or their run has ended", async () => {
      await c.oneBatch(3);
      await expect(c.store.sending("r1", "nobody", 1, c.lease)).rejects.toThrow(ContractError);
      await c.store.end("r1", "failed", c.clock.now(), null, null, c.lease);
      await expect(c.store.sending("r1", "b1", 1, c.lease)).rejects.toThrow(ContractError);
    });
  });
}
