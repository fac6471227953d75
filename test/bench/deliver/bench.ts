import { inChild, type Used } from "../measure.ts";
import { type Figure, figuresOf } from "../report.ts";
import { startReceiver } from "./start-receiver.ts";

const module = new URL("./variants.ts", import.meta.url);

export interface DeliverBenchOptions {
  readonly dir: string;
  readonly rows: number;
  /** Leave the bare script out: only memory is asked for. */
  readonly alone: boolean;
  readonly tell: (figure: Figure) => void;
}

/** Delivers a frozen plan to a local receiver, by the engine with its control store and by a bare script. */
export async function benchDeliver({ dir, rows, alone, tell }: DeliverBenchOptions): Promise<void> {
  const receiver = await startReceiver();
  try {
    const run = (variant: string): Promise<Used> =>
      inChild(module, variant, { dir, rows, memory: "", url: receiver.url });
    await run("make");
    const millrace = await run("millrace");
    for (const figure of figuresOf("delivery", millrace).slice(0, 1)) tell(figure);
    tell({ what: "delivery", value: rows / millrace.wall, unit: "rows/s" });
    tell({ what: "delivery: peak memory", value: millrace.rss / 1e6, unit: "MB", target: { most: 450 } });
    if (alone) return;
    const script = await run("script");
    const store = await run("store");
    for (const used of [millrace, script, store]) {
      if (used.facts.delivered !== rows) throw new Error(`expected ${rows} rows, delivered ${used.facts.delivered}`);
    }
    tell({ what: "bare script: CPU", value: script.cpu, unit: "CPU-s" });
    tell({ what: "bare script", value: rows / script.wall, unit: "rows/s" });
    tell({ what: "bare script: peak memory", value: script.rss / 1e6, unit: "MB" });
    const target = { least: 60 };
    tell({
      what: "delivery against the script, rows/s",
      value: (100 * script.wall) / millrace.wall,
      unit: "%",
      target,
    });
    tell({
      what: "delivery against the script, rows/CPU-s",
      value: (100 * script.cpu) / millrace.cpu,
      unit: "%",
      target,
    });
    const share = { most: 10 };
    tell({
      what: "control store's share of the CPU",
      value: (100 * store.cpu) / millrace.cpu,
      unit: "%",
      target: share,
    });
    tell({
      what: "control store's share of the time",
      value: (100 * store.wall) / millrace.wall,
      unit: "%",
      target: share,
    });
  } finally {
    receiver.stop();
  }
}
