import { type Args, inChild, type Used } from "../measure.ts";
import type { Figure } from "../report.ts";
import { benchDelivery } from "./delivery.ts";
import { cpuOf, same, slowerSide } from "./sides.ts";

export interface WarehouseBenchOptions {
  readonly url: string;
  readonly rows: number;
  /** Of each variant the cheapest try counts: other work on the machine, and cold pages, only ever add. */
  readonly tries: number;
  /** How many times as long the plan is made for the second delivery. */
  readonly times: number;
  readonly tell: (figure: Figure) => void;
}

/**
 * Postgres against what it does at best: a plan against a bare hash join of the same tables, reading a plan, loading results
 * against a bare COPY; and the memory of delivering and settling what lies there. One in a hundred rows was added, changed and removed since the ledger was written.
 */
export async function benchPostgres({ url, rows, tries, times, tell }: WarehouseBenchOptions): Promise<void> {
  const module = new URL("./postgres.ts", import.meta.url);
  const run = (variant: string, args: Args = {}): Promise<Used> => inChild(module, variant, { url, rows, ...args });
  const best = async (work: () => Promise<Used>): Promise<Used> => {
    let cheapest = await work();
    for (let i = 1; i < tries; i += 1) {
      const used = await work();
      if (cpuOf(used) < cpuOf(cheapest)) cheapest = used;
    }
    return cheapest;
  };
  const { server = -1 } = (await run("make")).facts;
  const hundredth = Math.floor(rows / 100);

  const join = await best(() => run("join", { relation: "customers_next", server }));
  same("matches of the join", join.facts.matches, rows - hundredth);
  tell({ what: "bare hash join", value: cpuOf(join), unit: "CPU-s" });
  for (const [what, relation, changed] of [
    ["no-change plan", "customers", 0],
    ["plan", "customers_next", hundredth],
  ] as const) {
    const used = await best(() => run("plan", { relation, server }));
    for (const op of ["add", "update", "remove"]) same(`${op} of the ${what}`, used.facts[op], changed);
    tell({ what, value: cpuOf(used), unit: "CPU-s" });
    tell({ what: `${what} against the join`, value: cpuOf(used) / cpuOf(join), unit: "x", target: { most: 2.5 } });
    tell({ what: `${what}, peak memory of the client`, value: used.rss / 1e6, unit: "MB", target: { most: 450 } });
  }

  const first = await run("first", { server });
  same("adds of a first run", first.facts.total, rows);
  tell({ what: "first run's plan", value: cpuOf(first), unit: "CPU-s" });
  for (const [what, variant] of [
    ["reading the plan", "read"],
    ["reading the plan, parsed as a delivery needs it", "changes"],
  ] as const) {
    const read = await best(() => run(variant, { total: rows, server }));
    same(`rows of ${what}`, read.facts.rows, rows);
    tell({ what, value: rows / slowerSide(read), unit: "rows/s", target: { least: 250_000 } });
    tell({ what: `${what}: by the clock of a busy machine`, value: rows / read.wall, unit: "rows/s" });
    tell({ what: `${what}: peak memory`, value: read.rss / 1e6, unit: "MB", target: { most: 450 } });
  }

  const copied = await best(() => run("copy", { server }));
  const loaded = await best(() => run("load", { server }));
  for (const used of [copied, loaded]) same("results loaded", used.facts.rows, rows);
  tell({ what: "bare COPY of the results", value: cpuOf(copied), unit: "CPU-s" });
  tell({ what: "loading the results", value: cpuOf(loaded), unit: "CPU-s" });
  tell({ what: "loading against the bare COPY", value: cpuOf(loaded) / cpuOf(copied), unit: "x", target: { most: 2 } });
  tell({ what: "loading, peak memory", value: loaded.rss / 1e6, unit: "MB", target: { most: 450 } });

  await benchDelivery({ url, rows, times, server, tell });
}
