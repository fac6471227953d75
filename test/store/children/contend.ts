/** Takes a lease again and again, adds one to a file while it has it, and says each fence on stdout. `node contend.ts PATH COUNTER TIMES`. */
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { systemClock } from "../../../src/core/clock.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";

const [path = "", counter = "", times = ""] = process.argv.slice(2);
const store = await openSqliteStore({ path, clock: systemClock });
for (let done = 0; done < Number(times); ) {
  const lease = await store.lease("warehouse", 60_000, `process ${process.pid}`);
  if (!lease) {
    await setTimeout(1);
    continue;
  }
  const seen = Number(readFileSync(counter, "utf8"));
  await setTimeout(1);
  writeFileSync(counter, String(seen + 1));
  writeSync(1, `${lease.fence}\n`);
  await lease.release();
  done++;
}
await store.close();
