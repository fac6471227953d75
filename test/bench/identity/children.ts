import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { installDbt } from "../../../src/models/install-dbt.ts";
import { packageRoot } from "../../../src/models/package-root.ts";
import { environment } from "../../models/demo-project.ts";

const run = promisify(execFile);
const here = import.meta.dirname;
const cache = join(packageRoot(), "node_modules", ".cache", "millrace-bench-identity");
const limits = { maxBuffer: 16 * 1024 * 1024 };

const peer = z.object({ cpu: z.number(), rss: z.number() });
const measuredDbt = z.object({
  ok: z.boolean(),
  error: z.string().nullable(),
  cpu: z.number(),
  statements: z.number(),
  rss: z.number(),
  nodes: z.record(z.string(), z.number()),
});

/** Seconds of all threads and the process's peak in bytes. */
export type PeerUsed = z.output<typeof peer>;
/** The same of dbt's SQL alone, by node. */
export type DbtUsed = z.output<typeof measuredDbt>;

/** scipy and Splink in the versions of requirements.txt, in an environment that is theirs alone. */
export async function installPeers(): Promise<void> {
  await installDbt({
    root: cache,
    requirements: join(here, "requirements.txt"),
    env: environment(),
    onProgress: (line) => console.error(line.replace("dbt", "peers")),
  });
}

export async function runPeer(name: "scipy" | "splink", database: string): Promise<PeerUsed> {
  const { stdout } = await run(join(cache, ".venv", "bin", "python"), [join(here, "peers.py"), name, database], limits);
  return peer.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}

/** dbt in a process of its own. Throws with its words if it failed. */
export async function runDbt(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<DbtUsed> {
  const { stdout } = await run(
    join(packageRoot(), ".venv", "bin", "python"),
    [join(here, "measured_dbt.py"), ...args, "--project-dir", dir, "--profiles-dir", dir],
    { ...limits, env: { ...environment(), ...env, NO_COLOR: "1" } },
  );
  const used = measuredDbt.parse(JSON.parse(stdout));
  if (!used.ok) throw new Error(`dbt ${args.join(" ")}: ${used.error ?? ""}`);
  return used;
}
