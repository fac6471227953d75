import { fork } from "node:child_process";
import { z } from "zod";

/** What one variant used, in a process of its own. */
export interface Used {
  /** Seconds of all the process's threads, DuckDB's among them, user and system; from `measured`'s begin to its end. */
  readonly cpu: number;
  readonly wall: number;
  /** Peak resident memory of the process's whole life, in bytes. */
  readonly rss: number;
  /** What the variant found out: counts, for the caller to check that the work was done. */
  readonly facts: Readonly<Record<string, number>>;
}

const used: z.ZodType<Used> = z.object({
  cpu: z.number(),
  wall: z.number(),
  rss: z.number(),
  facts: z.record(z.string(), z.number()),
});

export type Args = Readonly<Record<string, string | number | boolean>>;

/** A module of variants exports them under this name. */
export type Variants = Readonly<Record<string, (args: Args) => Promise<Omit<Used, "rss">>>>;

/** Runs a variant of a module in its own process, so that neither memory nor warm code of another one is counted. */
export function inChild(module: URL, variant: string, args: Args): Promise<Used> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./child.ts", import.meta.url), [module.href, variant, JSON.stringify(args)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    let answer: Used | null = null;
    child.on("message", (message) => {
      answer = used.parse(message);
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (answer !== null && code === 0) resolve(answer);
      else reject(new Error(`variant ${variant} ended with ${signal ?? code}`));
    });
  });
}

/** CPU and wall time of `work`; what comes before it (making data, opening a store) is not counted. */
export async function measured(work: () => Promise<Readonly<Record<string, number>>>): Promise<Omit<Used, "rss">> {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const facts = await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - begin) / 1e3, facts };
}
