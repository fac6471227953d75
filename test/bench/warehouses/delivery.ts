import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startReceiver } from "../deliver/start-receiver.ts";
import { type Args, inChild, type Used } from "../measure.ts";
import type { Figure } from "../report.ts";
import { cpuOf, same, slowerSide } from "./sides.ts";

const module = new URL("./delivery-variants.ts", import.meta.url);
const target = { most: 450 };

export interface DeliveryBenchOptions {
  readonly url: string;
  /** Rows of the frozen plan that lies there. */
  readonly rows: number;
  /** How much longer it is made, to see that memory does not grow with it. */
  readonly times: number;
  /** Process of the server, for its CPU time. */
  readonly server: number;
  readonly tell: (figure: Figure) => void;
}

/**
 * A frozen plan that lies on Postgres: delivered to a receiver on the loopback, settled with a platform's id for every row,
 * and delivered again when it is `times` as long.
 */
export async function benchDelivery({ url, rows, times, server, tell }: DeliveryBenchOptions): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  const receiver = await startReceiver();
  const run = (variant: string, args: Args): Promise<Used> =>
    inChild(module, variant, { url, dir, server, receiver: receiver.url, ...args });
  const deliver = async (total: number): Promise<number> => {
    const what = `delivering ${total.toLocaleString("en-US")} rows`;
    const used = await run("deliver", { total });
    same(`rows of ${what}`, used.facts.delivered, total);
    tell({ what: `${what}: CPU of both sides`, value: cpuOf(used), unit: "CPU-s" });
    tell({ what, value: total / slowerSide(used), unit: "rows/s" });
    tell({ what: `${what}: by the clock`, value: total / used.wall, unit: "rows/s" });
    tell({ what: `${what}: peak memory`, value: used.rss / 1e6, unit: "MB", target });
    return used.rss;
  };
  try {
    const once = await deliver(rows);
    const { delivered, store = -1 } = (await run("outcomes", { total: rows })).facts;
    same("results in the control store", delivered, rows);
    const settled = await run("settle", { total: rows, store });
    same("ids in the ledger", settled.facts.settled, rows);
    tell({ what: "settling with an id for every row", value: cpuOf(settled), unit: "CPU-s" });
    tell({ what: "settling: peak memory of the client", value: settled.rss / 1e6, unit: "MB", target });
    const longer = await run("lengthen", { total: rows, times });
    const more = await deliver(longer.facts.total ?? 0);
    tell({ what: `peak memory of ${times} times the rows`, value: more / once, unit: "x", target: { most: 1.25 } });
  } finally {
    receiver.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
