import { describe, expect, it } from "vitest";
import { FenceLost } from "../../../src/core/errors.ts";
import { type StorePlace, TTL, useStore } from "./setup.ts";

export function leaseCases(place: () => Promise<StorePlace>): void {
  const c = useStore(place);

  describe("identity", () => {
    it("keeps the id it was made with", async () => {
      const { storeId } = c.store;
      expect(storeId).toMatch(/^[0-9a-f-]{36}$/);
      await c.reopen();
      expect(c.store.storeId).toBe(storeId);
    });

    it("remembers the warehouse it belongs to", async () => {
      expect(await c.store.warehouseId()).toBeNull();
      await c.store.saveWarehouseId("w1");
      await c.store.saveWarehouseId("w2");
      await c.reopen();
      expect(await c.store.warehouseId()).toBe("w2");
    });
  });

  describe("leases", () => {
    it("gives a resource to one owner and names the holder", async () => {
      expect(await c.store.lease("sync/vips", TTL, "someone else")).toBeNull();
      expect(await c.store.holder("sync/vips")).toEqual({
        owner: "test",
        expiresAt: new Date("2026-03-01T06:01:00.000Z"),
      });
      expect(await c.store.holder("sync/other")).toBeNull();
      expect(await c.store.lease("sync/other", TTL, "test")).not.toBeNull();
    });

    it("lets only one of many simultaneous askers have it", async () => {
      const other = await c.where.open(c.clock);
      const asked = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? c.store : other).lease("warehouse", TTL, `asker ${i}`)),
      );
      expect(asked.filter((one) => one !== null)).toHaveLength(1);
      await other.close();
    });

    it("can be taken when its time is over, with a higher fence", async () => {
      await c.clock.advance(TTL - 1);
      expect(await c.store.lease("sync/vips", TTL, "next")).toBeNull();
      await c.clock.advance(1);
      expect(await c.store.holder("sync/vips")).toBeNull();
      const next = await c.take("sync/vips");
      expect(next.fence).toBeGreaterThan(c.lease.fence);
    });

    it("raises the fence after a release too, and after reopening", async () => {
      let last = c.lease.fence;
      await c.lease.release();
      for (let i = 0; i < 3; i++) {
        const next = await c.take("sync/vips");
        expect(next.fence).toBeGreaterThan(last);
        last = next.fence;
        await next.release();
        await c.reopen();
      }
    });

    it("lasts longer when renewed", async () => {
      await c.clock.advance(TTL - 1);
      await c.lease.renew(TTL);
      await c.clock.advance(TTL - 1);
      expect(await c.store.lease("sync/vips", TTL, "next")).toBeNull();
    });

    it("may be renewed late, as long as nobody took it", async () => {
      await c.clock.advance(TTL * 2);
      await c.lease.renew(TTL);
      expect(await c.store.lease("sync/vips", TTL, "next")).toBeNull();
    });

    it("refuses renewal after a takeover, and releasing then frees nothing", async () => {
      await c.clock.advance(TTL);
      await c.take("sync/vips");
      await expect(c.lease.renew(TTL)).rejects.toThrow(FenceLost);
      await c.lease.release();
      expect(await c.store.lease("sync/vips", TTL, "third")).toBeNull();
    });

    it("releases without throwing when the store is closed", async () => {
      await c.store.close();
      await c.lease.release();
      c.store = await c.where.open(c.clock);
    });
  });

  describe("fences", () => {
    const writes: readonly (readonly [string, () => Promise<void>])[] = [
      ["begin", () => c.begin("r2")],
      ["savePlan", () => c.freeze("r1", 10)],
      ["approve", () => c.store.approve("r1", c.lease)],
      ["advance", () => c.store.advance("r1", "settle", c.lease)],
      ["end", () => c.store.end("r1", "failed", c.clock.now(), null, null, c.lease)],
      ["cut", () => c.store.cut("r1", [{ id: "b2", fromSeq: 11, toSeq: 12 }], c.lease)],
      ["split", () => c.store.split("r1", "b1", [{ id: "x", fromSeq: 1, toSeq: 1 }], c.lease)],
      ["sending", () => c.store.sending("r1", "b1", 1, c.lease)],
      ["pending", () => c.store.pending("r1", "b1", { id: "j", phase: "open" }, c.clock.now(), c.lease)],
      ["retryAt", () => c.store.retryAt("r1", "b1", c.clock.now(), c.lease)],
      [
        "returned",
        () => c.store.returned("r1", "b1", [{ fromSeq: 1, toSeq: 10, attempt: 1, status: "accepted" }], c.lease),
      ],
      ["settled", () => c.store.settled("r1", "vips", c.lease)],
    ];

    it.each(writes)("%s throws FenceLost after another process took over, and writes nothing", async (_, write) => {
      await c.oneBatch(10);
      await c.clock.advance(TTL);
      await c.take("sync/vips");
      const before = [await c.store.run("r1"), await c.store.batches("r1")];
      await expect(write()).rejects.toThrow(FenceLost);
      expect([await c.store.run("r1"), await c.store.batches("r1")]).toEqual(before);
      expect(await c.store.run("r2")).toBeNull();
    });

    it("goes on past the lease's time while nobody took it", async () => {
      await c.oneBatch(10);
      await c.clock.advance(TTL * 10);
      await c.store.sending("r1", "b1", 1, c.lease);
      expect((await c.batch("b1"))?.state).toBe("sending");
    });

    it("refuses a write with a lease that was released", async () => {
      await c.lease.release();
      await expect(c.begin("r1")).rejects.toThrow(FenceLost);
    });
  });
}
