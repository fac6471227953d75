/** Delivers batches into a store until it is killed, and says on stdout what was promised. `node deliver.ts PATH ROUND`. */
import { writeSync } from "node:fs";
import { systemClock } from "../../../src/core/clock.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import type { Lease } from "../../../src/store/store.ts";
import { samplePlan, sampleSync } from "../sample.ts";

const [path = "", round = ""] = process.argv.slice(2);
const say = (...words: (string | number)[]) => writeSync(1, `${words.join(" ")}\n`);
const store = await openSqliteStore({ path, clock: systemClock });
const lease = await taken();
say("fence", lease.fence);

const runId = `run-${round}`;
await store.begin({ id: runId, sync: "crash", trigger: "manual", startedAt: systemClock.now() }, lease);
await store.savePlan(runId, samplePlan(runId, "crash", 10_000_000), sampleSync("crash"), "running", [], lease);
say("planned", runId);

async function taken(): Promise<Lease> {
  const free = await store.lease("sync/crash", 60_000, `round ${round}`);
  if (!free) throw new Error("the killed process's lease is not free");
  return free;
}

let next = 0;
async function worker(): Promise<void> {
  while (true) {
    const i = next++;
    const [id, fromSeq, toSeq] = [`b${i}`, i * 100 + 1, i * 100 + 100];
    await store.cut(runId, [{ id, fromSeq, toSeq }], lease);
    say("cut", id);
    await store.sending(runId, id, 1, lease);
    say("sending", id);
    const rows = Array.from({ length: 100 }, (_, n) => ({
      fromSeq: fromSeq + n,
      toSeq: fromSeq + n,
      attempt: 1,
      status: "delivered" as const,
      externalId: `x${fromSeq + n}`,
    }));
    await store.returned(runId, id, rows, lease);
    say("returned", id);
  }
}
await Promise.all([worker(), worker(), worker()]);
