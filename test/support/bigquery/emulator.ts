import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { leash } from "../leash.ts";
import { forgetJobs } from "./forget-jobs.ts";

/** As emulator.go.mod has it: another version is another folder. */
const emulatorVersion = "0.8.1";
/** Its own memory it never gives back, and the fuller it is the slower: 70 ms a statement at first, ten times that at 1.5 GB. */
const FULL_BYTES = 500_000_000;

export interface Emulator {
  readonly port: number;
  /**
   * Makes a request once those before it are answered: a read beside a write ends it with "cannot commit transaction - SQL
   * statements in progress". Between two requests the emulator may be started anew.
   */
  ask<T>(request: () => Promise<T>): Promise<T>;
  /** Ends the process, by its id. */
  stop(): Promise<void>;
}

/** Outside the clone: the build costs minutes, and every clone uses the same. */
export const emulatorPath = (): string =>
  join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
    "millrace",
    `bigquery-emulator-${emulatorVersion}`,
    "bigquery-emulator",
  );

/** Why there is no emulator here, or null if there is one. */
export function emulatorMissing(): string | null {
  return existsSync(emulatorPath())
    ? null
    : "the BigQuery emulator is not built: it needs Go 1.26 or newer, 6 GB and some minutes (node test/support/bigquery/build-emulator.ts)";
}

/**
 * goccy/bigquery-emulator on free ports of 127.0.0.1, its state in a file: it never gives memory back, and breaks at 2 GB,
 * so between two requests it is ended and started again when it has grown.
 */
export async function startEmulator(): Promise<Emulator> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-bigquery-"));
  const [port, grpcPort] = [await freePort(), await freePort()];
  const database = join(folder, "state.db");
  const start = () => startProcess(folder, database, port, grpcPort);
  let running = await start();
  let tail: Promise<unknown> = Promise.resolve();
  return {
    port,
    ask(request) {
      const turn = tail.then(async () => {
        if (running.memoryBytes() > FULL_BYTES) {
          await running.end("SIGKILL");
          forgetJobs(database);
          running = await start();
        }
        return request();
      });
      tail = turn.catch(() => undefined);
      return turn;
    },
    async stop() {
      await running.end("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startProcess(folder: string, database: string, port: number, grpcPort: number) {
  const log: string[] = [];
  const child = spawn(
    emulatorPath(),
    [`--database=${database}`, "--project=test", "--host=127.0.0.1", `--port=${port}`, `--grpc-port=${grpcPort}`],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const letGo = child.pid === undefined ? () => undefined : leash({ pid: child.pid, signal: "KILL", folder });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text: Buffer) => {
      log.push(text.toString().slice(0, 2_000));
      if (log.length > 20) log.shift();
    });
  }
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  for (let tries = 0; ; tries++) {
    const up = await fetch(`http://127.0.0.1:${port}/bigquery/v2/projects/test/datasets`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) break;
    if (child.exitCode !== null || tries > 2_400) throw new Error(`the emulator did not start: ${log.join("")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    /** 0 where the system does not say. */
    memoryBytes(): number {
      try {
        return Number(readFileSync(`/proc/${child.pid}/statm`, "utf8").split(" ")[1]) * 4_096;
      } catch {
        return 0;
      }
    },
    async end(signal: NodeJS.Signals): Promise<void> {
      letGo();
      child.kill(signal);
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
