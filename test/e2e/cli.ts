import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/core/clock.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const cli = join(root, "src", "cli.ts");

/** JSON of unknown shape, as tests look into it. */
// biome-ignore lint/suspicious/noExplicitAny: tests name the members they expect, and fail when they are not there.
export type Loose = any;

export interface CliOptions {
  /** The project's folder. */
  readonly cwd?: string;
  /** Besides PATH and HOME, which are all that the child inherits. */
  readonly env?: Readonly<Record<string, string>>;
  /** In place of src/cli.ts. */
  readonly program?: string;
}

export interface Ended {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--json` printed. Throws if stdout is anything but one JSON document. */
  json(): Loose;
}

/** The real command line, as a shell would start it. Standard streams are pipes, so there is no terminal. */
export function startCli(args: readonly string[], options: CliOptions = {}): Started {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [options.program ?? cli, ...args], {
    cwd: options.cwd ?? root,
    env: { PATH, HOME, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return watch(child);
}

export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
  return startCli(args, options).ended;
}

/** Runs a verb with `--json` and gives its document; fails unless it ends with `code`. */
export async function jsonOf(args: readonly string[], options: CliOptions, code = 0): Promise<Loose> {
  const ended = await runCli([...args, "--json"], options);
  if (ended.code !== code)
    throw new Error(`${args.join(" ")} ended with ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
  return ended.json();
}

export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  stdout(): string;
}

function watch(child: ChildProcess): Started {
  const text = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text.stdout += part;
  });
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    text.stderr += part;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...text, json: () => JSON.parse(text.stdout) as Loose }));
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal), stdout: () => text.stdout };
}

/** Asks again until the answer is neither undefined nor false; another process decides when. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = systemClock.now().getTime() + 45_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (systemClock.now().getTime() > deadline) throw new Error(`waited in vain for ${what}`);
    await systemClock.sleep(25);
  }
}
