import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Args, inChild, type Used } from "../measure.ts";
import type { Figure } from "../report.ts";
import { installPeers, runDbt, runPeer } from "./children.ts";
import { type GraphName, graphs } from "./graphs.ts";
import { makeProject } from "./project.ts";

export interface ComponentsOptions {
  readonly dir: string;
  readonly edges: number;
  readonly names: readonly GraphName[];
  /** `nobody`: only what it costs, and nothing is installed. */
  readonly against: "peers" | "nobody";
  /** Of each the cheapest try counts: other work on the machine only ever adds. */
  readonly tries: number;
  readonly tell: (figure: Figure) => void;
}

const variants = new URL("./variants.ts", import.meta.url);
/** How a minimum contraction without jumps takes a path numbered along its way: a step a round. */
const endless: readonly GraphName[] = ["sequential path"];

export const allGraphs = Object.keys(graphs) as readonly GraphName[];

/**
 * Components by the package's macro, as dbt runs it, against scipy and Splink on the same file. What counts is the SQL with
 * loading and writing back. Throws if labels differ between two runs, or from the others' partition.
 */
export async function benchComponents(options: ComponentsOptions): Promise<void> {
  if (options.against === "peers") await installPeers();
  for (const name of options.names) await benchGraph(name, options);
}

async function benchGraph(name: GraphName, { dir, edges, against, tries, tell }: ComponentsOptions): Promise<void> {
  const database = join(dir, "graph.duckdb");
  const run = (variant: string, args: Args = {}): Promise<Used> =>
    inChild(variants, variant, { database, name, edges, ...args });
  try {
    await run("graph");
    await makeProject(dir, database);
    const label = (into: string) => runDbt(dir, ["run-operation", "label_components", "--args", `{into: ${into}}`]);
    const once = await label("labels_once");
    const again = await label("labels");
    const ours = once.cpu < again.cpu ? once : again;
    const of = `${edges.toLocaleString("en-US")} edges, ${name}`;
    tell({
      what: `${of}: ours`,
      value: ours.cpu,
      unit: "CPU-s",
      ...(endless.includes(name) && { target: { most: 5 } }),
    });
    tell({
      what: `${of}: peak memory`,
      value: ours.rss / 1e6,
      unit: "MB",
      ...(edges >= 10_000_000 && { target: { most: 1_500 } }),
    });
    if (against === "nobody") return;
    for (const peer of ["scipy", "splink"] as const) {
      if (peer === "splink" && endless.includes(name)) continue;
      const used = [];
      for (let i = 0; i < tries; i += 1) used.push(await runPeer(peer, database));
      const cpu = Math.min(...used.map((each) => each.cpu));
      same(await run("compare", { other: `labels_${peer}` }), `${of}: ${peer}`);
      tell({ what: `${of}: ${peer}`, value: cpu, unit: "CPU-s" });
      if (peer === "splink") {
        tell({ what: `${of}: Splink against ours`, value: cpu / ours.cpu, unit: "x", target: { least: 3.5 } });
        continue;
      }
      const target = endless.includes(name) ? {} : { target: { most: 4 } };
      tell({ what: `${of}: ours against scipy`, value: ours.cpu / cpu, unit: "x", ...target });
    }
  } finally {
    for (const file of [database, `${database}.wal`]) await rm(file, { force: true });
  }
}

function same({ facts }: Used, what: string): void {
  if ((facts.labelled ?? 0) > 0 && facts.wrong === 0 && facts.unsteady === 0) return;
  throw new Error(
    `${what}: of ${facts.labelled} labels ${facts.wrong} are wrong, ${facts.unsteady} differ between runs`,
  );
}
