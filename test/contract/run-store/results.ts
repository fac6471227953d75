import { describe, expect, it } from "vitest";
import { ContractError } from "../../../src/core/errors.ts";
import type { ResultRange } from "../../../src/core/result.ts";
import { type StorePlace, useStore } from "./setup.ts";

export function resultCases(place: () => Promise<StorePlace>): void {
  const c = useStore(place);

  describe("results", () => {
    const rejected = { status: "rejected", code: "INVALID_EMAIL", message: "Email is no address." } as const;

    const send = async (id: string, ranges: readonly ResultRange[]) => {
      await c.store.sending("r1", id, 1, c.lease);
      await c.store.returned("r1", id, ranges, c.lease);
    };

    it("come back in order of seq with code, message, attempt and external id", async () => {
      await c.oneBatch(8);
      const ranges: ResultRange[] = [
        { fromSeq: 1, toSeq: 3, attempt: 1, status: "delivered" },
        { fromSeq: 4, toSeq: 4, attempt: 1, ...rejected },
        { fromSeq: 5, toSeq: 5, attempt: 2, status: "delivered", externalId: "003/ü'\"" },
        { fromSeq: 6, toSeq: 6, attempt: 2, status: "retry", code: "LOCKED", message: "" },
        { fromSeq: 7, toSeq: 7, attempt: 2, status: "unknown", code: "TIMEOUT", message: "No answer." },
        { fromSeq: 8, toSeq: 8, attempt: 2, status: "accepted", externalId: "" },
      ];
      await send("b1", ranges);
      await c.reopen();
      expect(await c.results()).toEqual(ranges);
    });

    it("of neighbours with one fate become one range, over batches too", async () => {
      await c.begin("r1");
      await c.freeze("r1", 9);
      await c.store.cut(
        "r1",
        [
          { id: "b1", fromSeq: 1, toSeq: 5 },
          { id: "b2", fromSeq: 6, toSeq: 9 },
        ],
        c.lease,
      );
      const rows = (from: number, to: number): ResultRange[] =>
        Array.from({ length: to - from + 1 }, (_, i) => ({
          fromSeq: from + i,
          toSeq: from + i,
          attempt: 1,
          status: "delivered" as const,
        }));
      await send("b2", [
        ...rows(6, 7),
        { fromSeq: 8, toSeq: 8, attempt: 1, ...rejected },
        { fromSeq: 9, toSeq: 9, attempt: 2, ...rejected },
      ]);
      await send("b1", rows(1, 5));
      expect(await c.results()).toEqual([
        { fromSeq: 1, toSeq: 7, attempt: 1, status: "delivered" },
        { fromSeq: 8, toSeq: 8, attempt: 1, ...rejected },
        { fromSeq: 9, toSeq: 9, attempt: 2, ...rejected },
      ]);
    });

    it("keep ids on exactly the rows that have one", async () => {
      await c.oneBatch(6);
      const ranges: ResultRange[] = [
        { fromSeq: 1, toSeq: 2, attempt: 1, status: "delivered" },
        { fromSeq: 3, toSeq: 3, attempt: 1, status: "delivered", externalId: "c" },
        { fromSeq: 4, toSeq: 4, attempt: 1, status: "delivered", externalId: "d" },
        { fromSeq: 5, toSeq: 6, attempt: 1, status: "delivered" },
      ];
      await send("b1", ranges);
      expect(await c.results()).toEqual(ranges);
    });

    it("are paged, whatever their number", async () => {
      await c.oneBatch(12_345);
      const ranges = Array.from(
        { length: 12_345 },
        (_, i): ResultRange => ({
          fromSeq: i + 1,
          toSeq: i + 1,
          attempt: 1,
          status: "delivered",
          externalId: `id${i}`,
        }),
      );
      await send("b1", ranges);
      const pages: number[] = [];
      for await (const page of c.store.results("r1")) pages.push(page.length);
      expect(pages.length).toBeGreaterThan(1);
      expect(await c.results()).toEqual(ranges);
    });

    it.each([
      ["are missing", []],
      ["begin late", [[2, 10]]],
      ["end early", [[1, 9]]],
      [
        "leave a gap",
        [
          [1, 4],
          [6, 10],
        ],
      ],
      [
        "name a row twice",
        [
          [1, 5],
          [5, 10],
        ],
      ],
      ["reach into the next batch", [[1, 11]]],
      [
        "are out of order",
        [
          [6, 10],
          [1, 5],
        ],
      ],
    ])("are refused when they %s", async (_, ranges) => {
      await c.oneBatch(10);
      await c.store.sending("r1", "b1", 1, c.lease);
      const bad = ranges.map(
        ([fromSeq = 0, toSeq = 0]): ResultRange => ({ fromSeq, toSeq, attempt: 1, status: "delivered" }),
      );
      await expect(c.store.returned("r1", "b1", bad, c.lease)).rejects.toThrow(ContractError);
      expect((await c.batch("b1"))?.state).toBe("sending");
      expect(await c.results()).toEqual([]);
    });

    it("of rows that a stopped run never tried can be retry, never delivered", async () => {
      await c.oneBatch(2);
      await c.store.returned(
        "r1",
        "b1",
        [{ fromSeq: 1, toSeq: 2, attempt: 0, status: "retry", code: "STOPPED", message: "" }],
        c.lease,
      );
      expect(await c.store.counts("r1")).toMatchObject({ planned: 2, retry: 2 });
    });

    it("add up, before and after they are settled", async () => {
      await c.begin("r1");
      await c.freeze("r1", 30);
      await c.store.cut(
        "r1",
        [
          { id: "b1", fromSeq: 1, toSeq: 10 },
          { id: "b2", fromSeq: 11, toSeq: 20 },
          { id: "b3", fromSeq: 21, toSeq: 30 },
        ],
        c.lease,
      );
      expect(await c.store.counts("r1")).toEqual({
        planned: 0,
        delivered: 0,
        accepted: 0,
        rejected: 0,
        retry: 0,
        unknown: 0,
      });
      await send("b1", [
        { fromSeq: 1, toSeq: 6, attempt: 1, status: "delivered" },
        { fromSeq: 7, toSeq: 10, attempt: 1, ...rejected },
      ]);
      await send("b2", [
        { fromSeq: 11, toSeq: 12, attempt: 1, status: "accepted" },
        { fromSeq: 13, toSeq: 15, attempt: 1, status: "retry", code: "C", message: "m" },
        { fromSeq: 16, toSeq: 20, attempt: 1, status: "unknown", code: "C", message: "m" },
      ]);
      const counts = { planned: 20, delivered: 6, accepted: 2, rejected: 4, retry: 3, unknown: 5 };
      expect(await c.store.counts("r1")).toEqual(counts);
      await c.store.settled("r1", "vips", c.lease);
      expect(await c.store.counts("r1")).toEqual(counts);
      expect((await c.store.batches("r1")).map((one) => one.state)).toEqual(["settled", "settled", "planned"]);
    });

    it("leave the store when they are settled, which has the same effect twice", async () => {
      await c.oneBatch(2);
      await send("b1", [{ fromSeq: 1, toSeq: 2, attempt: 1, status: "delivered" }]);
      expect(await c.store.lastSettled("vips")).toBeNull();
      await c.store.settled("r1", "vips", c.lease);
      await c.store.settled("r1", "vips", c.lease);
      await c.reopen();
      expect(await c.results()).toEqual([]);
      expect((await c.batch("b1"))?.state).toBe("settled");
      expect(await c.store.lastSettled("vips")).toBe("r1");
    });

    it("are settled under the run's own sync only", async () => {
      await c.oneBatch(2);
      await expect(c.store.settled("r1", "lapsing", c.lease)).rejects.toThrow(ContractError);
      expect(await c.store.lastSettled("lapsing")).toBeNull();
    });
  });

  describe("syncs", () => {
    it("remember target state, tick and last settled run apart from each other", async () => {
      expect([
        await c.store.targetState("vips"),
        await c.store.lastTick("vips"),
        await c.store.lastSettled("vips"),
      ]).toEqual([null, null, null]);
      const due = new Date("2026-03-29T01:00:00.000Z");
      await c.store.saveTargetState("vips", { list: "L1", counts: [1, 2.5, null] });
      await c.store.saveTick("vips", due);
      await c.store.saveLastSettled("vips", "r9");
      await c.reopen();
      expect(await c.store.targetState("vips")).toEqual({ list: "L1", counts: [1, 2.5, null] });
      expect(await c.store.lastTick("vips")).toEqual(due);
      expect(await c.store.lastSettled("vips")).toBe("r9");
      await c.store.saveLastSettled("vips", null);
      expect(await c.store.lastSettled("vips")).toBeNull();
      expect(await c.store.lastTick("vips")).toEqual(due);
    });
  });

  describe("targets", () => {
    it("remember what a platform said of their fields, until it says otherwise", async () => {
      expect(await c.store.fieldTypes("crm Contact")).toBeNull();
      await c.store.saveFieldTypes("crm Contact", { Email: "text", Age__c: "number" });
      await c.store.saveFieldTypes("crm Lead", {});
      await c.reopen();
      expect(await c.store.fieldTypes("crm Contact")).toEqual({ Email: "text", Age__c: "number" });
      expect(await c.store.fieldTypes("crm Lead")).toEqual({});
      await c.store.saveFieldTypes("crm Contact", { Email: "text" });
      expect(await c.store.fieldTypes("crm Contact")).toEqual({ Email: "text" });
    });
  });

  describe("writes of one turn", () => {
    it("fail alone", async () => {
      await c.oneBatch(10);
      const settled = await Promise.allSettled([
        c.store.saveTick("a", c.clock.now()),
        c.store.sending("r1", "nobody", 1, c.lease),
        c.store.sending("r1", "b1", 1, c.lease),
        c.begin("r1"),
        c.store.saveTick("b", c.clock.now()),
      ]);
      expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"]);
      await c.reopen();
      expect((await c.batch("b1"))?.state).toBe("sending");
      expect(await c.store.lastTick("a")).toEqual(c.clock.now());
      expect(await c.store.lastTick("b")).toEqual(c.clock.now());
    });

    it("are kept in the order they were issued", async () => {
      await c.oneBatch(4);
      await Promise.all([
        c.store.sending("r1", "b1", 1, c.lease),
        c.store.retryAt("r1", "b1", c.clock.now(), c.lease),
        c.store.sending("r1", "b1", 2, c.lease),
        c.store.returned("r1", "b1", [{ fromSeq: 1, toSeq: 4, attempt: 2, status: "accepted" }], c.lease),
      ]);
      expect(await c.batch("b1")).toMatchObject({ state: "returned", attempt: 2 });
    });

    it("that were not awaited are on disk after close", async () => {
      const waiting = c.store.saveTick("vips", c.clock.now());
      await c.reopen();
      await waiting;
      expect(await c.store.lastTick("vips")).toEqual(c.clock.now());
    });
  });
}
