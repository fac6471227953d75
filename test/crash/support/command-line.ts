import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** How a process of the real command line came to its end. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The JSON document of `--json`; null: it had not come so far. */
  readonly document: Document | null;
  readonly stderr: string;
  readonly ms: number;
}

export interface Document {
  readonly exit_code: number;
  readonly runs?: readonly RunDocument[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

export interface RunDocument {
  readonly run_id: string | null;
  readonly status: string;
  readonly exit_code: number;
  readonly counts: Readonly<Record<string, number>> | null;
  readonly held_for: readonly string[];
  readonly approve: string | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** SIGKILL from outside; resolves when the process is gone. */
  kill(): Promise<Ended>;
}

const cli = fileURLToPath(new URL("../../../src/cli.ts", import.meta.url));

/** Starts `millrace ARGS --json` on the project, as a process of its own. */
export function startCommand(project: string, args: readonly string[], limits = ""): Started {
  const command = [process.execPath, cli, ...args, "--project", project, "--json"];
  const [program = "", ...rest] =
    limits === "" ? command : ["bash", "-c", `trap '' XFSZ; ulimit ${limits}; exec "$@"`, "limited", ...command];
  const startedAt = performance.now();
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => (stdout += data));
  child.stderr.on("data", (data) => (stderr += data));
  const ended = once(child, "close").then(
    ([code, signal]): Ended => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      document: parsed(stdout),
      stderr,
      ms: performance.now() - startedAt,
    }),
  );
  return {
    process: child,
    ended,
    kill() {
      child.kill("SIGKILL");
      return ended;
    },
  };
}

/** A document that the kill cut short is none. */
function parsed(text: string): Document | null {
  try {
    return JSON.parse(text) as Document;
  } catch {
    return null;
  }
}
