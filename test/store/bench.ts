/**
 * What crash-safety costs: the store's writes for 1,000 batches of 1,000 rows, eight at a time, as a delivery makes them
 * (sending, then returned). `node test/store/bench.ts`. Batches "answer" in random order after a turn of the event loop.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import type { ResultRange } from "../../src/core/result.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { samplePlan, sampleSync } from "./sample.ts";

const BATCHES = 1_000;
const ROWS = 1_000;
const CONCURRENCY = 8;

const delivered = (fromSeq: number): ResultRange[] => [
  { fromSeq, toSeq: fromSeq + ROWS - 1, attempt: 1, status: "delivered" },
];

const withIds = (fromSeq: number): ResultRange[] =>
  Array.from({ length: ROWS }, (_, i) => {
    const seq = fromSeq + i;
    return { fromSeq: seq, toSeq: seq, attempt: 1, status: "delivered", externalId: `0035g00000${100_000_000 + seq}` };
  });

for (const [name, resultsOf] of [
  ["no ids", delivered],
  ["an id of 19 characters per row", withIds],
] as const) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  const path = join(folder, "store.db");
  const store = await openSqliteStore({ path, clock: systemClock });
  const lease = await store.lease("sync/bench", 60_000, "bench");
  if (!lease) throw new Error("the lease is free");
  await store.begin({ id: "run", sync: "bench", trigger: "manual", startedAt: systemClock.now() }, lease);
  await store.savePlan("run", samplePlan("run", "bench", BATCHES * ROWS), sampleSync("bench"), "running", [], lease);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const batches = Array.from({ length: BATCHES }, (_, i) => ({
    id: `b${i}`,
    fromSeq: i * ROWS + 1,
    toSeq: (i + 1) * ROWS,
  }));
  await store.cut("run", batches, lease);
  const queue = batches.values();
  const worker = async () => {
    for (const batch of queue) {
      await store.sending("run", batch.id, 1, lease);
      for (let turns = Math.ceil(Math.random() * 8); turns > 0; turns--) await new Promise((r) => setImmediate(r));
      await store.returned("run", batch.id, resultsOf(batch.fromSeq), lease);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const ms = performance.now() - start;
  const used = process.cpuUsage(cpu);
  const settleStart = performance.now();
  let ranges = 0;
  for await (const page of store.results("run")) ranges += page.length;
  await store.settled("run", "bench", lease);
  console.log(
    `${name}: ${(ms / BATCHES).toFixed(3)} ms wall and ${((used.user + used.system) / 1000 / BATCHES).toFixed(3)} ms CPU a batch; ` +
      `${ranges} ranges read and settled in ${(performance.now() - settleStart).toFixed(0)} ms; ` +
      `${((await stat(path)).size / 1e6).toFixed(1)} MB`,
  );
  await store.close();
  await rm(folder, { recursive: true });
}
