import { afterEach, beforeEach } from "vitest";
import type { ResultRange } from "../../../src/core/result.ts";
import type { BatchRecord } from "../../../src/core/run.ts";
import type { Lease, RunStore } from "../../../src/store/store.ts";
import { manualClock } from "../../store/manual-clock.ts";
import { samplePlan, sampleSync } from "../../store/sample.ts";

export type ManualClock = ReturnType<typeof manualClock>;

/** One place that stores open again and again: a file, a schema of a database. */
export interface StorePlace {
  open(clock: ManualClock): Promise<RunStore>;
  remove(): Promise<void>;
}

/** What every case starts from: an empty store, its clock, and the lease on the sync "vips". */
export interface StoreCase {
  store: RunStore;
  lease: Lease;
  clock: ManualClock;
  where: StorePlace;
  take(resource: string): Promise<Lease>;
  begin(id: string, sync?: string, startedAt?: Date): Promise<void>;
  freeze(id: string, total: number, status?: "running" | "planned" | "held", sync?: string): Promise<void>;
  /** A running run "r1" of `total` rows with one batch "b1" over all of them. */
  oneBatch(total: number): Promise<void>;
  batch(id: string): Promise<BatchRecord | undefined>;
  results(): Promise<ResultRange[]>;
  reopen(): Promise<void>;
}

export const TTL = 60_000;

/** A fresh store before each case, removed after it. Its fields are set only while a case runs. */
export function useStore(place: () => Promise<StorePlace>): StoreCase {
  const c: Partial<StoreCase> = {};
  const whole = c as StoreCase;
  beforeEach(async () => {
    const where = await place();
    const clock = manualClock("2026-03-01T06:00:00.000Z");
    Object.assign(c, helpers(whole), { where, clock, store: await where.open(clock) });
    whole.lease = await whole.take("sync/vips");
  });
  afterEach(async () => {
    await whole.store.close();
    await whole.where.remove();
  });
  return whole;
}

const helpers = (c: StoreCase): Omit<StoreCase, "store" | "lease" | "clock" | "where"> => ({
  async take(resource) {
    const taken = await c.store.lease(resource, TTL, "test");
    if (!taken) throw new Error(`${resource} is held`);
    return taken;
  },
  begin: (id, sync = "vips", startedAt = c.clock.now()) =>
    c.store.begin({ id, sync, trigger: "cron", startedAt }, c.lease),
  freeze: (id, total, status = "running", sync = "vips") =>
    c.store.savePlan(
      id,
      samplePlan(id, sync, total),
      sampleSync(sync),
      status,
      status === "held" ? ["too many"] : [],
      c.lease,
    ),
  async oneBatch(total) {
    await c.begin("r1");
    await c.freeze("r1", total);
    await c.store.cut("r1", [{ id: "b1", fromSeq: 1, toSeq: total }], c.lease);
  },
  batch: async (id) => (await c.store.batches("r1")).find((one) => one.id === id),
  async results() {
    const ranges: ResultRange[] = [];
    for await (const page of c.store.results("r1")) ranges.push(...page);
    return ranges;
  },
  async reopen() {
    await c.store.close();
    c.store = await c.where.open(c.clock);
  },
});
