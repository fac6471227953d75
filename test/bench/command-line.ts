import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figure } from "./report.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const preload = new URL("./cpu-on-exit.mjs", import.meta.url).href;

interface Took {
  readonly wall: number;
  readonly cpu: number;
}

/** How long short verbs take on the demo's project; the least of `times`, because the machine has other work too. */
export async function benchCommandLine(o: {
  readonly times: number;
  readonly tell: (figure: Figure) => void;
}): Promise<void> {
  for (const [verb, most] of [
    ["--help", 0.2],
    ["check", 0.5],
  ] as const) {
    // The first one fills the compile cache.
    await timed(verb);
    const took: Took[] = [];
    for (let i = 0; i < o.times; i += 1) took.push(await timed(verb));
    o.tell({ what: `millrace ${verb}`, value: Math.min(...took.map(({ wall }) => wall)), unit: "s", target: { most } });
    o.tell({ what: `millrace ${verb}: CPU`, value: Math.min(...took.map(({ cpu }) => cpu)), unit: "CPU-s" });
  }
}

function timed(verb: string): Promise<Took> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(process.execPath, ["--import", preload, "bin/millrace.mjs", verb], {
      cwd: root,
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    let microseconds = "";
    child.stdio[3]?.on("data", (part: Buffer) => {
      microseconds += part.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve({ wall: (performance.now() - begin) / 1e3, cpu: Number(microseconds) / 1e6 });
      else reject(new Error(`millrace ${verb} ended with ${code}`));
    });
  });
}
