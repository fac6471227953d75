import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figure } from "./report.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** How long short verbs take on the demo's project; the least of `times`, because the machine has other work too. */
export async function benchCommandLine(o: {
  readonly times: number;
  readonly tell: (figure: Figure) => void;
}): Promise<void> {
  for (const [args, most] of [
    [["--help"], 0.2],
    [["check"], 0.5],
  ] as const) {
    // The first one fills the compile cache.
    await wallOf(args);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < o.times; i += 1) least = Math.min(least, await wallOf(args));
    o.tell({ what: `millrace ${args.join(" ")}`, value: least, unit: "s", target: { most } });
  }
}

function wallOf(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(process.execPath, ["bin/millrace.mjs", ...args], { cwd: root, stdio: "ignore" });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve((performance.now() - begin) / 1e3);
      else reject(new Error(`millrace ${args.join(" ")} ended with ${code}`));
    });
  });
}
