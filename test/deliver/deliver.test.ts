import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { systemClock } from "../../src/core/clock.ts";
import {
  AuthFailed,
  BatchRefused,
  OutcomeUnknown,
  QuotaExhausted,
  RateLimited,
  TargetInvalid,
  Unavailable,
} from "../../src/core/delivery-errors.ts";
import { Interrupted, StoreFailed } from "../../src/core/errors.ts";
import type { BatchResult, JobHandle } from "../../src/core/result.ts";
import type { PlannedChange } from "../../src/deliver/planned-change.ts";
import type { Batch, TargetCtx } from "../../src/destinations/connector.ts";
import { rig as makeRig, plannedRows, type Rig, type RigOptions, server, sourceOf, testTarget } from "./rig.ts";

const closing: (() => Promise<void>)[] = [];
async function rig(options: RigOptions): Promise<Rig> {
  const made = await makeRig(options);
  closing.push(made.close);
  return made;
}
async function peer(answer: Parameters<typeof server>[0]): Promise<string> {
  const started = await server(answer);
  closing.push(started.close);
  return started.url;
}
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const hint = "mend it";
const good = (batch: Batch): BatchResult => ({
  state: "done",
  rows: batch.changes.map(({ seq }) => ({ seq, status: "delivered" })),
});
const count = (fates: Map<number, string>, fate: string) => [...fates.values()].filter((one) => one === fate).length;
const range = (batch: Batch) => `${batch.fromSeq}-${batch.toSeq}`;

test("delivers every row once, in batches no larger than the target takes", async () => {
  const sent: Batch[] = [];
  const r = await rig({
    rows: plannedRows(1_050),
    target: testTarget({
      async send(batch) {
        sent.push(batch);
        return good(batch);
      },
    }),
  });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(sent.map((batch) => batch.changes.length)).toEqual([...new Array(10).fill(100), 50]);
  expect(sent[0]).toMatchObject({ fromSeq: 1, toSeq: 100, attempt: 1, writes: "upsert", idempotencyKey: sent[0]?.id });
  expect(await r.counts()).toEqual({
    planned: 1_050,
    delivered: 1_050,
    accepted: 0,
    rejected: 0,
    retry: 0,
    unknown: 0,
  });
  expect(r.progress.at(-1)).toMatchObject({ sent: 1_050, total: 1_050 });
});

test("an empty plan makes no request", async () => {
  const never = async () => {
    throw new Error("called");
  };
  const r = await rig({ rows: [], target: testTarget({ send: never, prepare: never, finish: never }) });
  expect(await r.deliver()).toEqual({ ended: "complete" });
});

test("finds one bad row in a thousand with about twice log2 requests", async () => {
  let requests = 0;
  const r = await rig({
    rows: plannedRows(1_000),
    target: testTarget({
      shape: { batch: { maxRows: 1_000, mixedOps: true } },
      async send(batch) {
        requests += 1;
        if (batch.changes.some(({ seq }) => seq === 637))
          throw new BatchRefused("no: p637@example.com", { reason: "BAD", hint });
        return good(batch);
      },
    }),
  });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(requests).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(1_000)) + 1);
  const fates = await r.fates();
  expect([fates.get(637), count(fates, "delivered")]).toEqual(["rejected BAD", 999]);
  expect(JSON.stringify(await r.results())).not.toContain("p637");
});

test("when every row is refused it stops asking, and says so", async () => {
  let requests = 0;
  const r = await rig({
    rows: plannedRows(2_000),
    target: testTarget({
      async send() {
        requests += 1;
        throw new BatchRefused("no such field", { reason: "INVALID_FIELD", hint });
      },
    }),
  });
  const ended = await r.deliver();
  expect(ended).toMatchObject({
    ended: "failed",
    error: { code: "DEST_TARGET_INVALID", message: expect.stringContaining("INVALID_FIELD") },
  });
  expect(requests).toBeLessThan(200);
  const fates = await r.fates();
  expect(count(fates, "rejected INVALID_FIELD")).toBeGreaterThanOrEqual(50);
  expect(count(fates, "rejected INVALID_FIELD") + count(fates, "retry DEST_TARGET_INVALID")).toBe(2_000);
});

test("a row too large for any request is refused without being sent", async () => {
  const rows = plannedRows(5).map((row) => ({ ...row, bytes: row.seq === 3 ? 1_000 : 10 }));
  const sent: number[] = [];
  const r = await rig({
    rows,
    target: testTarget({
      shape: { batch: { maxRows: 100, maxBytes: 100, mixedOps: true } },
      async send(batch) {
        sent.push(...batch.changes.map(({ seq }) => seq));
        return good(batch);
      },
    }),
  });
  await r.deliver();
  expect(sent.sort()).toEqual([1, 2, 4, 5]);
  expect((await r.fates()).get(3)).toBe("rejected ROW_TOO_LARGE");
});

test("all removals, jobs included, end before the first other row is sent", async () => {
  let open = 0;
  const order: string[] = [];
  const r = await rig({
    rows: plannedRows(500, 250),
    target: testTarget({
      async send(batch) {
        const removal = batch.changes[0]?.op === "remove";
        order.push(removal ? "remove" : "add");
        if (!removal) {
          expect(open).toBe(0);
          expect(batch.writes).toBe("upsert");
          return good(batch);
        }
        expect(batch.writes).toBe("update");
        open += 1;
        await new Promise((resolve) => setImmediate(resolve));
        if (batch.fromSeq === 101) return { state: "pending", job: { id: "j", phase: "run" }, pollAfterMs: 60_000 };
        open -= 1;
        return good(batch);
      },
      async poll(_, batch) {
        open -= 1;
        return good(batch);
      },
    }),
  });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(order).toEqual(["remove", "remove", "remove", "add", "add", "add"]);
  expect((await r.batches()).map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([
    [1, 100],
    [101, 200],
    [201, 250],
    [251, 350],
    [351, 450],
    [451, 500],
  ]);
});

test("an unavailable platform is tried again, later and later, with the same key, and then its rows wait", async () => {
  const keys = new Set<string>();
  let attempts: number[] = [];
  const r = await rig({
    rows: plannedRows(10),
    random: () => 1,
    target: testTarget({
      async send(batch) {
        keys.add(batch.idempotencyKey);
        attempts = [...attempts, batch.attempt];
        throw new Unavailable("away", { hint });
      },
    }),
  });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(keys.size).toBe(1);
  expect(attempts).toEqual([1, 2, 3, 4, 5, 6]);
  expect(r.clock.slept.filter((ms) => ms >= 1_000)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  expect(count(await r.fates(), "retry DEST_UNAVAILABLE")).toBe(10);
});

test("three batches given up in a row end the run; the rest is not even read", async () => {
  const rows = plannedRows(100_000);
  let read = 0;
  let requests = 0;
  const r = await rig({
    rows,
    changes: async (from, to) => {
      read = Math.max(read, to);
      return sourceOf(rows)(from, to);
    },
    settings: { maxAttempts: 2 },
    target: testTarget({
      async send() {
        requests += 1;
        throw new OutcomeUnknown("silence", { hint });
      },
    }),
  });
  expect(await r.deliver()).toMatchObject({ ended: "failed", error: { code: "DEST_OUTCOME_UNKNOWN" } });
  expect(requests).toBeLessThan(1_500);
  expect(read).toBeLessThan(60_000);
  expect(await r.counts()).toMatchObject({ planned: 100_000, retry: 100_000 });
});

test("a success between two failures keeps the run going", async () => {
  const r = await rig({
    rows: plannedRows(1_000),
    settings: { maxAttempts: 1, concurrency: 1 },
    target: testTarget({
      async send(batch) {
        if (batch.fromSeq % 200 === 1) throw new Unavailable("away", { hint });
        return good(batch);
      },
    }),
  });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(await r.counts()).toMatchObject({ delivered: 500, retry: 500 });
});

test.each([
  ["AuthFailed", new AuthFailed("who are you", { hint }), "DEST_AUTH_FAILED"],
  ["QuotaExhausted", new QuotaExhausted("enough", { hint }), "DEST_QUOTA_EXHAUSTED"],
  ["TargetInvalid", new TargetInvalid("no such list", { hint }), "DEST_TARGET_INVALID"],
  ["an hour's Retry-After", new RateLimited("later", { hint, retryAfterMs: 3 * 3_600_000 }), "DEST_RATE_LIMITED"],
])("%s stops everything, and every row still has its fate", async (_, error, code) => {
  let requests = 0;
  const r = await rig({
    rows: plannedRows(5_000, 1_000),
    settings: { concurrency: 2 },
    target: testTarget({
      async send(batch) {
        requests += 1;
        if (requests === 3) throw error;
        return good(batch);
      },
    }),
  });
  expect(await r.deliver()).toMatchObject({ ended: "failed", error: { code, hint } });
  expect(requests).toBeLessThanOrEqual(4);
  const counts = await r.counts();
  expect(counts.delivered + counts.retry).toBe(5_000);
  expect(count(await r.fates(), `retry ${code}`)).toBe(counts.retry);
});

test("a platform that asks everybody for hours of patience ends the run instead", async () => {
  let requests = 0;
  const url = await peer((_, __, response) => {
    requests += 1;
    response.writeHead(429, { "retry-after": "7200" }).end();
  });
  const r = await rig({
    rows: plannedRows(1_000),
    baseUrl: url,
    limits: [{ scope: "all", requests: 1_000, perMs: 1_000, concurrency: 1 }],
    target: testTarget({
      async send(batch, ctx) {
        // A target that makes rows of every error: the account is at rest all the same.
        await ctx.http.request({ method: "POST", path: "/", json: {}, expect: "none" }).catch(() => undefined);
        return {
          state: "done",
          rows: batch.changes.map(({ seq }) => ({ seq, status: "retry", code: "BUSY", message: "" })),
        };
      },
    }),
  });
  expect(await r.deliver()).toMatchObject({ ended: "failed", error: { code: "DEST_UNAVAILABLE" } });
  expect(requests).toBe(1);
  expect(await r.counts()).toMatchObject({ retry: 1_000 });
});

test("being rate limited is no failed try, and makes everybody wait as long as the platform asks", async () => {
  let requests = 0;
  const url = await peer((_, __, response) => {
    requests += 1;
    const limited = requests <= 10;
    response.writeHead(limited ? 429 : 200, limited ? { "retry-after": "30" } : {}).end();
  });
  const r = await rig({
    rows: plannedRows(300),
    baseUrl: url,
    settings: { maxAttempts: 2 },
    target: testTarget({
      async send(batch, ctx) {
        await ctx.http.request({ method: "POST", path: "/", json: {}, expect: "none" });
        return good(batch);
      },
    }),
  });
  const before = r.clock.now().getTime();
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(await r.counts()).toMatchObject({ delivered: 300 });
  expect(r.clock.now().getTime() - before).toBeGreaterThanOrEqual(30_000);
  expect(r.progress.at(-1)?.requests).toBe(13);
  expect(r.progress.at(-1)?.rateLimitedMs).toBeGreaterThanOrEqual(0);
});

test("only what may have been applied becomes unknown on a once-only target", async () => {
  const answers: Record<string, number> = { "1-100": 500, "101-200": 503, "201-300": 429, "301-400": 200 };
  const url = await peer((request, _, response) => {
    const batch = request.url?.slice(1) ?? "";
    const status = answers[batch] ?? 200;
    answers[batch] = 200;
    response.writeHead(status, status === 503 ? { "retry-after": "1" } : {}).end();
  });
  const r = await rig({
    rows: plannedRows(400),
    baseUrl: url,
    target: testTarget({
      shape: { resend: "once" },
      async send(batch, ctx) {
        await ctx.http.request({ method: "POST", path: `/${range(batch)}`, json: {}, expect: "none" });
        return good(batch);
      },
    }),
  });
  await r.deliver();
  const fates = await r.fates();
  expect([count(fates, "unknown DEST_OUTCOME_UNKNOWN"), count(fates, "delivered")]).toEqual([100, 300]);
  expect([fates.get(1), fates.get(100), fates.get(101)]).toEqual([
    "unknown DEST_OUTCOME_UNKNOWN",
    "unknown DEST_OUTCOME_UNKNOWN",
    "delivered",
  ]);
});

test("a send of several requests that fails after the first is not repeated on a once-only target", async () => {
  const hits: string[] = [];
  const url = await peer((request, _, response) => {
    hits.push(request.url ?? "");
    response.writeHead(request.url === "/second" ? 429 : 200).end();
  });
  const r = await rig({
    rows: plannedRows(10),
    baseUrl: url,
    target: testTarget({
      shape: { resend: "once" },
      async send(batch, ctx) {
        for (const path of ["/first", "/second"])
          await ctx.http.request({ method: "POST", path, json: {}, expect: "none" });
        return good(batch);
      },
    }),
  });
  await r.deliver();
  expect(hits).toEqual(["/first", "/second"]);
  expect(count(await r.fates(), "unknown DEST_RATE_LIMITED")).toBe(10);
});

const job: JobHandle = { id: "job-1", phase: "run", data: { rows: 10 } };

test("a job is on record, asked for until it ends, and holds no sender", async () => {
  let polls = 0;
  const order: string[] = [];
  const r = await rig({
    rows: plannedRows(300),
    settings: { concurrency: 1 },
    target: testTarget({
      async send(batch) {
        order.push(range(batch));
        return batch.fromSeq === 1 ? { state: "pending", job, pollAfterMs: 5_000 } : good(batch);
      },
      async poll(handle, batch) {
        expect([handle, range(batch), batch.changes.length]).toEqual([job, "1-100", 100]);
        polls += 1;
        if (polls === 2) throw new Unavailable("away", { hint });
        if (polls === 3) throw new TypeError("read of undefined");
        return polls < 5 ? { state: "pending", job, pollAfterMs: 5_000 } : good(batch);
      },
    }),
  });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(order).toEqual(["1-100", "101-200", "201-300"]);
  expect(polls).toBe(5);
  expect(await r.counts()).toMatchObject({ delivered: 300 });
});

test("a job that was made is asked for when filling it failed, and made again only when the platform lost it", async () => {
  const calls: string[] = [];
  const r = await rig({
    rows: plannedRows(10),
    target: testTarget({
      shape: { resend: "once" },
      async send(batch, ctx) {
        calls.push(`send ${batch.attempt}`);
        await ctx.checkpoint({ id: `job-${batch.attempt}`, phase: "fill" });
        const [record] = await r.batches();
        expect(record).toMatchObject({ state: "pending", job: { id: `job-${batch.attempt}` } });
        if (batch.attempt === 1) throw new OutcomeUnknown("silence", { hint });
        return good(batch);
      },
      async poll(handle) {
        calls.push(`poll ${handle.id}`);
        return { state: "lost", reason: "never filled" };
      },
    }),
  });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(calls).toEqual(["send 1", "poll job-1", "send 2"]);
  expect(await r.counts()).toMatchObject({ delivered: 10 });
});

test("a job that is lost every time, and one that never ends, are given up", async () => {
  const lostEveryTime = await rig({
    rows: plannedRows(1),
    settings: { maxAttempts: 3 },
    target: testTarget({
      send: async () => ({ state: "pending", job, pollAfterMs: 1 }),
      poll: async () => ({ state: "lost", reason: "gone" }),
    }),
  });
  await lostEveryTime.deliver();
  expect((await lostEveryTime.fates()).get(1)).toBe("retry JOB_LOST");
  for (const [resend, fate] of [
    ["once", "unknown JOB_TIMEOUT"],
    ["idempotent", "retry JOB_TIMEOUT"],
  ] as const) {
    const endless = await rig({
      rows: plannedRows(1),
      settings: { jobTimeoutMs: 600_000 },
      target: testTarget({
        shape: { resend },
        send: async () => ({ state: "pending", job, pollAfterMs: 30_000 }),
        poll: async () => ({ state: "pending", job, pollAfterMs: 30_000 }),
      }),
    });
    await endless.deliver();
    expect((await endless.fates()).get(1)).toBe(fate);
  }
});

test("a refused job is bisected; polls that fail for good leave rows in doubt", async () => {
  const refused = await rig({
    rows: plannedRows(8),
    target: testTarget({
      send: async (batch) => ({ state: "pending", job: { id: range(batch), phase: "run" }, pollAfterMs: 1 }),
      async poll(_, batch) {
        if (batch.changes.some(({ seq }) => seq === 5)) throw new BatchRefused("bad", { reason: "BAD", hint });
        return good(batch);
      },
    }),
  });
  await refused.deliver();
  expect(await refused.counts()).toMatchObject({ delivered: 7, rejected: 1 });
  const broken: [() => never, string][] = [
    [
      () => {
        throw new TypeError("bug");
      },
      "unknown CONTRACT",
    ],
    [
      () => {
        throw new AuthFailed("who", { hint });
      },
      "unknown DEST_AUTH_FAILED",
    ],
  ];
  for (const [fails, fate] of broken) {
    const r = await rig({
      rows: plannedRows(1),
      target: testTarget({
        shape: { resend: "once" },
        send: async () => ({ state: "pending", job, pollAfterMs: 1 }),
        poll: async () => fails(),
      }),
    });
    await r.deliver();
    expect((await r.fates()).get(1)).toBe(fate);
  }
});

test("a target that answers pending and cannot be polled leaves its rows in doubt", async () => {
  const r = await rig({
    rows: plannedRows(1),
    settings: { maxAttempts: 2 },
    target: testTarget({ shape: { resend: "once" }, send: async () => ({ state: "pending", job, pollAfterMs: 1 }) }),
  });
  await r.deliver();
  expect((await r.fates()).get(1)).toBe("unknown CONTRACT");
});

/** Puts the run's first batch into a state, as a killed process would have left it. */
async function leave(r: Rig, state: "planned" | "sending" | "pending" | "returned"): Promise<void> {
  await r.store.cut(r.runId, [{ id: "left", fromSeq: 1, toSeq: 100 }], r.lease);
  if (state === "planned") return;
  await r.store.sending(r.runId, "left", 1, r.lease);
  if (state === "pending") await r.store.pending(r.runId, "left", job, r.clock.now(), r.lease);
  if (state === "returned") {
    await r.store.returned(r.runId, "left", [{ fromSeq: 1, toSeq: 100, attempt: 1, status: "delivered" }], r.lease);
  }
}

test.each([
  ["planned", "idempotent", ["send 1-100 try 1", "send 101-200 try 1"], "delivered"],
  ["planned", "once", ["send 1-100 try 1", "send 101-200 try 1"], "delivered"],
  ["sending", "idempotent", ["send 1-100 try 2", "send 101-200 try 1"], "delivered"],
  ["sending", "once", ["send 101-200 try 1"], "unknown INTERRUPTED"],
  ["pending", "idempotent", ["poll 1-100 try 1", "send 101-200 try 1"], "delivered"],
  ["pending", "once", ["poll 1-100 try 1", "send 101-200 try 1"], "delivered"],
  ["returned", "idempotent", ["send 101-200 try 1"], "delivered"],
  ["returned", "once", ["send 101-200 try 1"], "delivered"],
] as const)("a batch left %s on a target that takes it %s", async (state, resend, calls, fate) => {
  const called: string[] = [];
  const call = (verb: string) => async (batch: Batch) => {
    called.push(`${verb} ${range(batch)} try ${batch.attempt}`);
    if (batch.fromSeq === 1) expect(batch.id).toBe("left");
    return good(batch);
  };
  const r = await rig({
    rows: plannedRows(200),
    target: testTarget({ shape: { resend }, send: call("send"), poll: (_, batch) => call("poll")(batch) }),
  });
  await leave(r, state);
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(called.sort()).toEqual([...calls]);
  const fates = await r.fates();
  expect([fates.get(1), fates.get(200), fates.size]).toEqual([fate, "delivered", 200]);
});

test("what an ended run wrote off in one range is cut again when the process died in between", async () => {
  const sizes: number[] = [];
  const r = await rig({
    rows: plannedRows(450),
    settings: { pageRows: 200 },
    target: testTarget({
      async send(batch) {
        sizes.push(batch.changes.length);
        return good(batch);
      },
    }),
  });
  await r.store.cut(r.runId, [{ id: "left", fromSeq: 1, toSeq: 450 }], r.lease);
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(sizes.sort((a, b) => b - a)).toEqual([100, 100, 100, 100, 50]);
  expect(await r.counts()).toMatchObject({ delivered: 450 });
});

test("a stop lets answers in, sends nothing more, and the next start goes on", async () => {
  const seen: string[] = [];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const url = await peer(async (request, _, response) => {
    seen.push(request.url ?? "");
    if (seen.length === 2) {
      r.controller.abort(new Error("Ctrl-C"));
      setTimeout(release, 50);
    }
    await held;
    response.end();
  });
  const target = testTarget({
    shape: { resend: "once" },
    async send(batch, ctx) {
      await ctx.http.request({ method: "POST", path: `/${range(batch)}`, json: {}, expect: "none" });
      return good(batch);
    },
  });
  const limits = [{ scope: "all", requests: 1_000, perMs: 1_000, concurrency: 2 }];
  const clock = { ...systemClock, slept: [] };
  const r = await rig({ rows: plannedRows(500), baseUrl: url, target, limits, clock });
  await expect(r.deliver()).rejects.toThrow(Interrupted);
  expect(seen).toEqual(["/1-100", "/101-200"]);
  expect(await r.counts()).toMatchObject({ delivered: 200, unknown: 0 });
  expect((await r.batches()).filter(({ state }) => state === "sending")).toEqual([]);
});

test("a stop gives up on a silent platform after the grace, and keeps what was never sent sendable", async () => {
  const url = await peer(() => setTimeout(() => r.controller.abort(new Error("SIGTERM")), 5));
  const r = await rig({
    rows: plannedRows(300),
    baseUrl: url,
    limits: [{ scope: "all", requests: 1_000, perMs: 1_000, concurrency: 1 }],
    settings: { graceMs: 50 },
    clock: { ...systemClock, slept: [] },
    target: testTarget({
      shape: { resend: "once" },
      async send(batch, ctx) {
        await ctx.http.request({ method: "POST", path: "/", json: {}, expect: "none" });
        return good(batch);
      },
    }),
  });
  await expect(r.deliver()).rejects.toThrow(Interrupted);
  expect((await r.batches()).map(({ state }) => state)).toEqual(["sending", "planned", "planned"]);
});

test("nothing is on record as sent before its turn at the limiter has come", async () => {
  const url = await peer((_, __, response) => response.end());
  const r = await rig({
    rows: plannedRows(300),
    baseUrl: url,
    limits: [{ scope: "all", requests: 1, perMs: 60_000, concurrency: 8 }],
    clock: { ...systemClock, slept: [] },
    settings: { graceMs: 10 },
    target: testTarget({
      shape: { resend: "once" },
      async send(batch, ctx) {
        await ctx.http.request({ method: "POST", path: "/", json: {}, expect: "none" });
        setTimeout(() => r.controller.abort(new Error("Ctrl-C")), 30);
        return good(batch);
      },
    }),
  });
  await expect(r.deliver()).rejects.toThrow(Interrupted);
  expect((await r.batches()).map(({ state }) => state)).toEqual(["returned", "planned", "planned"]);
});

test("a batch that was certainly refused before the stop can be sent again, even on a once-only target", async () => {
  let tokens = 0;
  const url = await peer((request, _, response) => {
    if (request.url !== "/token") return response.writeHead(401).end();
    tokens += 1;
    if (tokens === 1) return response.end();
    // The second sign-in hangs, and the person loses patience.
    return r.controller.abort(new Error("Ctrl-C"));
  });
  const r = await rig({
    rows: plannedRows(10),
    baseUrl: url,
    clock: { ...systemClock, slept: [] },
    settings: { graceMs: 20 },
    async authenticate(_, http) {
      await http.request({ method: "POST", path: "/token", expect: "none" });
      return { headers: {} };
    },
    target: testTarget({
      shape: { resend: "once" },
      async send(batch, ctx) {
        await ctx.http.request({ method: "POST", path: "/", json: {}, expect: "none" });
        return good(batch);
      },
    }),
  });
  await expect(r.deliver()).rejects.toThrow(Interrupted);
  expect(await r.batches()).toMatchObject([{ state: "planned", attempt: 1 }]);
});

test("a stop before the start starts nothing", async () => {
  const r = await rig({ rows: plannedRows(1), target: testTarget({ send: async (batch) => good(batch) }) });
  r.controller.abort(new Error("Ctrl-C"));
  await expect(r.deliver()).rejects.toThrow(Interrupted);
  expect(await r.batches()).toEqual([]);
});

test("a store that cannot write stops everything, and a later start finishes", async () => {
  let fails = true;
  let requests = 0;
  const r = await rig({
    rows: plannedRows(1_000),
    settings: { concurrency: 2 },
    target: testTarget({
      async send(batch) {
        requests += 1;
        return good(batch);
      },
    }),
    through: (store) =>
      !fails ? store : { ...store, returned: () => Promise.reject(new StoreFailed("disk full", { hint })) },
  });
  await expect(r.deliver()).rejects.toThrow("disk full");
  expect(requests).toBeLessThanOrEqual(4);
  fails = false;
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(await r.counts()).toMatchObject({ delivered: 1_000 });
});

test("a plan that lost rows stops the run", async () => {
  const rows = plannedRows(100);
  const r = await rig({
    rows,
    changes: async (from, to) => (await sourceOf(rows)(from, to)).slice(1),
    target: testTarget({ send: async (batch) => good(batch) }),
  });
  await expect(r.deliver()).rejects.toThrow("frozen plan");
});

const state = { list: "L1" };

test("prepares once per destination, and finishes after the last batch", async () => {
  const calls: string[] = [];
  const contexts: unknown[] = [];
  let object = "list/a";
  const target = testTarget({
    object: () => object,
    async prepare() {
      calls.push("prepare");
      if (calls.length === 1) throw new OutcomeUnknown("silence", { hint });
      return state;
    },
    async send(batch, ctx) {
      contexts.push(ctx.state);
      calls.push("send");
      return good(batch);
    },
    async finish(ctx) {
      contexts.push(ctx.state);
      calls.push("finish");
      if (calls.length === 4) throw new Unavailable("away", { hint });
    },
  });
  const r = await rig({ rows: plannedRows(1), target });
  expect(await r.deliver()).toEqual({ ended: "complete" });
  expect(calls).toEqual(["prepare", "prepare", "send", "finish", "finish"]);
  await r.deliver();
  expect(calls.slice(5)).toEqual(["finish"]);
  object = "list/b";
  await r.deliver();
  expect(calls.slice(6)).toEqual(["prepare", "finish"]);
  expect(contexts.every((one) => JSON.stringify(one) === JSON.stringify(state))).toBe(true);
});

test("a preparation that fails for good sends nothing; a finish that fails leaves the run to be resumed", async () => {
  const unprepared = await rig({
    rows: plannedRows(10),
    target: testTarget({
      prepare: async () => {
        throw new AuthFailed("who", { hint });
      },
      send: async () => {
        throw new Error("called");
      },
    }),
  });
  expect(await unprepared.deliver()).toMatchObject({ ended: "failed", error: { code: "DEST_AUTH_FAILED" } });
  expect(await unprepared.counts()).toMatchObject({ retry: 10 });
  let fails = true;
  const unfinished = await rig({
    rows: plannedRows(10),
    target: testTarget({
      send: async (batch) => good(batch),
      finish: async () => {
        if (fails) throw new TargetInvalid("no place", { hint });
      },
    }),
  });
  await expect(unfinished.deliver()).rejects.toThrow("no place");
  fails = false;
  expect(await unfinished.deliver()).toEqual({ ended: "complete" });
});

test("a job recorded outside a batch is a defect", async () => {
  const r = await rig({
    rows: plannedRows(1),
    target: testTarget({
      prepare: async (ctx) => {
        await ctx.checkpoint(job);
        return null;
      },
      send: async (batch) => good(batch),
    }),
  });
  expect(await r.deliver()).toMatchObject({ ended: "failed", error: { code: "CONTRACT" } });
});

test("a target knows its sync: mode, fields, counts", async () => {
  let seen: TargetCtx<unknown, unknown>["sync"] | null = null;
  const r = await rig({
    rows: plannedRows(3, 1),
    mode: "insert",
    batch: { rows: 1 },
    target: testTarget({
      options: z.unknown(),
      async send(batch, ctx) {
        seen = ctx.sync;
        expect(batch.writes).toBe(batch.fromSeq === 1 ? "update" : "insert");
        return good(batch);
      },
    }),
  });
  await r.deliver();
  expect(seen).toMatchObject({
    name: "testing",
    runId: "run-1",
    mode: "insert",
    match: ["email"],
    fields: ["name"],
    onlyIfEmpty: [],
    plannedRows: 3,
    removes: 1,
  });
  expect(await r.batches()).toHaveLength(3);
});

test("reads ahead by a bounded number of rows and bytes, whatever the plan's size", async () => {
  const source = (from: number, to: number, bytes: number): PlannedChange[] =>
    Array.from({ length: to - from + 1 }, (_, i) => {
      return { seq: from + i, op: "add", plannedOp: "add", key: "k", match: {}, fields: {}, bytes };
    });
  for (const bytes of [200, 100_000]) {
    let delivered = 0;
    let furthest = 0;
    const rows = plannedRows(30_000);
    const r = await rig({
      rows,
      changes: async (from, to) => {
        furthest = Math.max(furthest, to - delivered);
        return source(from, to, bytes);
      },
      target: testTarget({
        shape: { batch: { maxRows: 100, mixedOps: true } },
        async send(batch) {
          await new Promise((resolve) => setImmediate(resolve));
          delivered += batch.changes.length;
          return good(batch);
        },
      }),
    });
    await r.deliver();
    expect(delivered).toBe(30_000);
    expect(furthest * bytes).toBeLessThan(bytes === 200 ? 45_000 * 200 : 400_000_000);
  }
});
