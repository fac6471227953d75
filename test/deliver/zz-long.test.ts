import fc from "fast-check";
import { expect, test } from "vitest";
import {
  BatchRefused,
  OutcomeUnknown,
  QuotaExhausted,
  RateLimited,
  Unavailable,
} from "../../src/core/delivery-errors.ts";
import { StoreFailed } from "../../src/core/errors.ts";
import type { BatchResult, RowResult } from "../../src/core/result.ts";
import type { Batch } from "../../src/destinations/connector.ts";
import type { RunStore } from "../../src/store/store.ts";
import { plannedRows, rig, testTarget } from "./rig.ts";

const sends = [
  "deliver",
  "mixed",
  "missing",
  "twice",
  "alien",
  "rate limited",
  "unavailable",
  "applied, unanswered",
  "lost, unanswered",
  "refused",
  "defect",
  "defect, applied",
  "quota",
  "pending",
  "checkpoint, then broken",
  "nonsense",
] as const;
const polls = ["done", "still", "lost", "unavailable", "refused"] as const;
type Send = (typeof sends)[number];
type Poll = (typeof polls)[number];

const hint = "";

/** A platform that behaves as told, then well; it knows how often each row was really applied. */
function platform(sendPlan: readonly Send[], pollPlan: readonly Poll[]) {
  const applied = new Map<number, number>();
  const nextSend = sendPlan.values();
  const nextPoll = pollPlan.values();
  const ran = new Set<string>();
  let jobs = 0;
  const apply = (rows: Iterable<number>) => {
    for (const seq of rows) applied.set(seq, (applied.get(seq) ?? 0) + 1);
  };
  const seqs = (batch: Batch) => batch.changes.map(({ seq }) => seq);
  const good = (batch: Batch): RowResult[] => seqs(batch).map((seq) => ({ seq, status: "delivered" }));
  const deliverAll = (batch: Batch, rows: readonly RowResult[] = good(batch)): BatchResult => {
    apply(seqs(batch));
    return { state: "done", rows };
  };
  const mixed = (batch: Batch): BatchResult => {
    const rows = seqs(batch).map((seq): RowResult => {
      if (seq % 4 === 0) return { seq, status: "rejected", code: "BAD", message: "bad" };
      if (seq % 4 === 1) return { seq, status: "retry", code: "BUSY", message: "busy" };
      return { seq, status: "delivered", ...(seq % 4 === 2 ? { externalId: `x${seq}` } : {}) };
    });
    apply(rows.filter(({ status }) => status === "delivered").map(({ seq }) => seq));
    return { state: "done", rows };
  };
  return {
    applied,
    async send(batch: Batch, checkpoint: (job: { id: string; phase: string }) => Promise<void>): Promise<BatchResult> {
      const kind = nextSend.next().value ?? "deliver";
      switch (kind) {
        case "deliver":
          return deliverAll(batch);
        case "mixed":
          return mixed(batch);
        case "missing":
          return deliverAll(
            batch,
            good(batch).filter((_, i) => i % 3 !== 1),
          );
        case "twice":
          return deliverAll(batch, [...good(batch), ...good(batch).slice(0, 1)]);
        case "alien":
          return deliverAll(batch, [...good(batch).slice(1), { seq: 10_000, status: "delivered" }]);
        case "rate limited":
          throw new RateLimited("slow down", { hint, retryAfterMs: 10 });
        case "unavailable":
          throw new Unavailable("gone fishing", { hint });
        case "applied, unanswered":
          apply(seqs(batch));
          throw new OutcomeUnknown("silence", { hint });
        case "lost, unanswered":
          throw new OutcomeUnknown("silence", { hint });
        case "refused":
          throw new BatchRefused("no", { hint, reason: "NO" });
        case "defect":
          throw new TypeError("x is not a function");
        case "defect, applied":
          apply(seqs(batch));
          throw new TypeError("x is not a function");
        case "quota":
          throw new QuotaExhausted("enough", { hint });
        case "pending":
          jobs += 1;
          return { state: "pending", job: { id: `j${jobs}`, phase: "run" }, pollAfterMs: 10 };
        case "checkpoint, then broken":
          jobs += 1;
          await checkpoint({ id: `j${jobs}`, phase: "fill" });
          throw new OutcomeUnknown("silence", { hint });
        case "nonsense":
          apply(seqs(batch));
          return undefined as unknown as BatchResult;
      }
    },
    async poll(batch: Batch, job: { id: string; phase: string }): Promise<BatchResult> {
      const kind = nextPoll.next().value ?? "done";
      switch (kind) {
        case "done":
          // A job runs once, however often it is asked for.
          if (ran.has(job.id)) return { state: "done", rows: good(batch) };
          ran.add(job.id);
          return deliverAll(batch);
        case "still":
          return { state: "pending", job, pollAfterMs: 10 };
        case "lost":
          if (ran.has(job.id)) return { state: "done", rows: good(batch) };
          return { state: "lost", reason: "never ran" };
        case "unavailable":
          throw new Unavailable("gone fishing", { hint });
        case "refused":
          if (ran.has(job.id)) return { state: "done", rows: good(batch) };
          throw new BatchRefused("no", { hint, reason: "NO" });
      }
    },
  };
}

/** From the n-th write on, every write fails, as if the process had been killed before it. */
function dying(store: RunStore, afterWrites: number): RunStore {
  let writes = 0;
  const mortal = new Set(["cut", "split", "sending", "pending", "retryAt", "returned"]);
  return new Proxy(store, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== "function" || !mortal.has(String(name))) return value;
      return (...args: unknown[]) => {
        writes += 1;
        if (writes > afterWrites) return Promise.reject(new StoreFailed("the disk is gone", { hint }));
        return Reflect.apply(value, target, args);
      };
    },
  });
}

test("whatever a connector does, and wherever the process dies, every row has exactly one fate and it is true", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...sends), { maxLength: 24 }),
      fc.array(fc.constantFrom(...polls), { maxLength: 12 }),
      fc.constantFrom("idempotent" as const, "once" as const),
      fc.integer({ min: 0, max: 40 }),
      fc.option(fc.integer({ min: 0, max: 40 }), { nil: null }),
      async (sendPlan, pollPlan, resend, removes, dies) => {
        const total = 120;
        const peer = platform(sendPlan, pollPlan);
        let process = 0;
        const r = await rig({
          rows: plannedRows(total, removes),
          settings: { maxAttempts: 3, backoffBaseMs: 1, concurrency: 3, pageRows: 50 },
          target: testTarget({
            shape: { batch: { maxRows: 17, mixedOps: false }, resend },
            send: (batch, ctx) => peer.send(batch, ctx.checkpoint),
            poll: (job, batch) => peer.poll(batch, job),
          }),
          through: (store) => (dies !== null && process === 1 ? dying(store, dies) : store),
        });
        try {
          for (;;) {
            process += 1;
            const ended = await r.deliver().catch((error: unknown) => error);
            if (ended instanceof StoreFailed && process === 1) continue;
            expect(ended).toHaveProperty("ended");
            break;
          }
          const fates = await r.fates();
          const counts = await r.counts();
          expect(fates.size).toBe(total);
          expect(counts.delivered + counts.accepted + counts.rejected + counts.retry + counts.unknown).toBe(total);
          for (const [seq, fate] of fates) {
            const times = peer.applied.get(seq) ?? 0;
            if (fate === "delivered") expect(times, `row ${seq} is delivered`).toBeGreaterThan(0);
            if (resend === "once") expect(times, `row ${seq} went out`).toBeLessThanOrEqual(1);
            if (resend === "once" && times === 1) expect(fate, `row ${seq}`).toMatch(/^(delivered|unknown)/);
            if (resend === "idempotent") expect(fate).not.toMatch(/^unknown/);
          }
        } finally {
          await r.close();
        }
      },
    ),
    { numRuns: 2500 },
  );
}, 500_000);
