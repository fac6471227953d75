import { describe, expect, it } from "vitest";
import { ContractError, PlanSuperseded } from "../../../src/core/errors.ts";
import type { RunStore } from "../../../src/store/store.ts";
import { samplePlan, sampleSync } from "../../store/sample.ts";
import { type StorePlace, useStore } from "./setup.ts";

export function runCases(place: () => Promise<StorePlace>): void {
  const c = useStore(place);

  describe("runs", () => {
    it("begins at the first stage and gives back what it was given", async () => {
      await c.begin("r1");
      expect(await c.store.run("r1")).toEqual({
        id: "r1",
        sync: "vips",
        trigger: "cron",
        stage: "models",
        status: "running",
        startedAt: c.clock.now(),
        endedAt: null,
        config: null,
        plan: null,
        heldFor: [],
        counts: null,
        error: null,
      });
      expect(await c.store.run("nobody")).toBeNull();
      await expect(c.begin("r1")).rejects.toThrow(ContractError);
    });

    it("gives the frozen plan and config back in full after reopening", async () => {
      await c.begin("r1");
      await c.freeze("r1", 42, "held");
      await c.reopen();
      expect(await c.store.run("r1")).toMatchObject({ stage: "deliver", status: "held", heldFor: ["too many"] });
      expect((await c.store.run("r1"))?.plan).toEqual(samplePlan("r1", "vips", 42));
      expect((await c.store.run("r1"))?.config).toEqual(sampleSync("vips"));
    });

    it("freezes a plan once", async () => {
      await c.begin("r1");
      await c.freeze("r1", 1);
      await expect(c.freeze("r1", 2)).rejects.toThrow(ContractError);
      expect((await c.store.run("r1"))?.plan?.total).toBe(1);
    });

    it("refuses a config that could not be read back", async () => {
      await c.begin("r1");
      const config = { ...sampleSync("vips"), guard: { ...sampleSync("vips").guard, maxRemovedRows: Infinity } };
      await expect(c.store.savePlan("r1", samplePlan("r1", "vips", 1), config, "running", [], c.lease)).rejects.toThrow(
        ContractError,
      );
      expect(await c.store.run("r1")).toMatchObject({ stage: "models", plan: null });
    });

    it("supersedes older waiting plans of the same sync only", async () => {
      for (const [id, status, sync] of [
        ["held", "held", "vips"],
        ["planned", "planned", "vips"],
        ["other", "held", "lapsing"],
      ] as const) {
        await c.begin(id, sync);
        await c.freeze(id, 1, status, sync);
      }
      await c.begin("failed");
      await c.store.end("failed", "failed", c.clock.now(), null, null, c.lease);
      await c.begin("new");
      await c.clock.advance(1_000);
      await c.freeze("new", 1, "planned");
      const status = async (id: string) => (await c.store.run(id))?.status;
      expect(await status("held")).toBe("superseded");
      expect((await c.store.run("planned"))?.endedAt).toEqual(c.clock.now());
      expect(await status("planned")).toBe("superseded");
      expect(await status("other")).toBe("held");
      expect(await status("failed")).toBe("failed");
      expect(await status("new")).toBe("planned");
    });

    it.each(["held", "planned"] as const)("approves a %s plan once", async (status) => {
      await c.begin("r1");
      await c.freeze("r1", 1, status);
      await c.store.approve("r1", c.lease);
      expect(await c.store.run("r1")).toMatchObject({ status: "running", stage: "deliver" });
      await expect(c.store.approve("r1", c.lease)).rejects.toThrow(ContractError);
    });

    it.each(["superseded", "expired"] as const)("does not approve a plan that is %s", async (status) => {
      await c.begin("r1");
      await c.freeze("r1", 1, "held");
      await c.store.mark("r1", status, c.clock.now());
      await expect(c.store.approve("r1", c.lease)).rejects.toThrow(PlanSuperseded);
      expect((await c.store.run("r1"))?.status).toBe(status);
    });

    it("advances forwards only, and not to the end", async () => {
      await c.begin("r1");
      await c.store.advance("r1", "plan", c.lease);
      await c.freeze("r1", 1);
      await c.store.advance("r1", "settle", c.lease);
      await c.store.advance("r1", "settle", c.lease);
      await expect(c.store.advance("r1", "deliver", c.lease)).rejects.toThrow(ContractError);
      await expect(c.store.advance("r1", "done", c.lease)).rejects.toThrow(ContractError);
      expect((await c.store.run("r1"))?.stage).toBe("settle");
    });

    it("ends once, with counts and error", async () => {
      await c.begin("r1");
      const counts = { planned: 6, delivered: 1, accepted: 2, rejected: 1, retry: 1, unknown: 1 };
      const error = { code: "DEST_AUTH_FAILED", message: "The key was refused.", hint: "Renew it." };
      const at = new Date("2026-03-01T07:00:00.000Z");
      await c.store.end("r1", "failed", at, counts, error, c.lease);
      await c.reopen();
      expect(await c.store.run("r1")).toMatchObject({ stage: "done", status: "failed", endedAt: at, counts, error });
      await expect(c.store.end("r1", "done", at, counts, null, c.lease)).rejects.toThrow(ContractError);
      expect((await c.store.run("r1"))?.status).toBe("failed");
    });

    it("does not end as something that still goes on", async () => {
      await c.begin("r1");
      await expect(c.store.end("r1", "held", c.clock.now(), null, null, c.lease)).rejects.toThrow(ContractError);
    });

    it("marks a run without a lease, and leaves an ended one as it ended", async () => {
      await c.begin("r1");
      await c.store.mark("r1", "abandoned", c.clock.now());
      await c.store.mark("r1", "failed", new Date("2026-03-02T00:00:00.000Z"));
      expect(await c.store.run("r1")).toMatchObject({ status: "abandoned", stage: "done", endedAt: c.clock.now() });
    });

    it("lists newest first, by sync, status and number", async () => {
      for (const [i, sync] of ["vips", "lapsing", "vips", "vips"].entries()) {
        await c.begin(`r${i}`, sync, new Date(Date.UTC(2026, 0, 1 + i)));
      }
      await c.begin("same-instant", "vips", new Date(Date.UTC(2026, 0, 4)));
      await c.store.mark("r2", "done", c.clock.now());
      const ids = async (filter: Parameters<RunStore["runs"]>[0]) => (await c.store.runs(filter)).map((run) => run.id);
      expect(await ids({})).toEqual(["same-instant", "r3", "r2", "r1", "r0"]);
      expect(await ids({ sync: "vips" })).toEqual(["same-instant", "r3", "r2", "r0"]);
      expect(await ids({ sync: "vips", status: ["done", "failed"] })).toEqual(["r2"]);
      expect(await ids({ status: [] })).toEqual([]);
      expect(await ids({ limit: 2 })).toEqual(["same-instant", "r3"]);
      expect((await c.store.unfinished()).map((run) => run.id)).toEqual(["r0", "r1", "r3", "same-instant"]);
    });

    it("does not count waiting plans as unfinished", async () => {
      await c.begin("r1");
      await c.freeze("r1", 1, "held");
      expect(await c.store.unfinished()).toEqual([]);
    });
  });
}
