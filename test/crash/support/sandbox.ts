import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SandboxConfigInput } from "../../../src/sandbox/config.ts";
import type { MisbehaviourInput } from "../../../src/sandbox/core/misbehaviour.ts";
import type { LogEntry } from "../../../src/sandbox/core/request-log.ts";

/** What the stand-in platforms hold, as far as crash tests look. */
export interface SandboxState {
  readonly hook: { readonly present: Readonly<Record<string, Readonly<Record<string, string>>>> };
  readonly salesforce: {
    readonly objects: { readonly Contact?: Readonly<Record<string, Readonly<Record<string, string>>>> };
    readonly jobs: readonly { readonly id: string; readonly state: string }[];
  };
  readonly klaviyo: {
    readonly profiles: Readonly<
      Record<string, { email?: string; first_name?: string; properties?: Readonly<Record<string, string>> }>
    >;
    readonly lists: Readonly<Record<string, { readonly name: string; readonly members: readonly string[] }>>;
  };
}

export interface SandboxProcess {
  readonly url: string;
  misbehave(...rules: MisbehaviourInput[]): Promise<void>;
  behave(): Promise<void>;
  state(): Promise<SandboxState>;
  /** From the file, which was written before anything was answered. */
  log(): readonly LogEntry[];
  close(): Promise<void>;
}

const script = fileURLToPath(new URL("./sandbox-process.ts", import.meta.url));

export async function spawnSandbox(logFile: string, config: SandboxConfigInput): Promise<SandboxProcess> {
  const child = spawn(process.execPath, [script, logFile, JSON.stringify(config)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (data: Buffer) => resolve(data.toString("utf8").trim()));
    child.once("exit", (code) => reject(new Error(`the sandbox ended with ${code}`)));
  });
  const ask = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const reply = await fetch(`${url}/_sandbox${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
    return reply;
  };
  return {
    url,
    misbehave: async (...rules) => void (await ask("POST", "/misbehave", rules)),
    behave: async () => void (await ask("DELETE", "/misbehave")),
    state: async () => (await (await ask("GET", "/state")).json()) as SandboxState,
    log: () => readLog(logFile),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

function readLog(file: string): LogEntry[] {
  const text = readFileSync(file, { encoding: "utf8", flag: "a+" });
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogEntry);
}
