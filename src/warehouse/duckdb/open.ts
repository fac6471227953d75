import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Clock } from "../../core/clock.ts";
import { WarehouseBusy, WarehouseFailed } from "../../core/errors.ts";
import { lockHolder, mapError } from "./errors.ts";

export interface OpenOptions {
  readonly path: string;
  readonly clock: Clock;
  /** How long to wait for another process, in milliseconds. */
  readonly waitMs: number;
  /** Told once, with the holder's name, when the wait for another process is worth a word. */
  readonly onWait?: ((holder: string) => void) | undefined;
  readonly memoryLimit?: string | undefined;
  readonly threads?: number | undefined;
  readonly tempDirectory?: string | undefined;
}

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1_000;
const WORTH_A_WORD_MS = 1_000;

/** https://duckdb.org/docs/stable/configuration/overview */
function settings(options: OpenOptions, mode: "READ_ONLY" | "READ_WRITE"): Record<string, string> {
  return {
    access_mode: mode,
    errors_as_json: "true",
    // Nothing is fetched from the network behind the user's back; ICU, JSON and Parquet are built in.
    autoinstall_known_extensions: "false",
    ...(options.memoryLimit === undefined ? {} : { memory_limit: options.memoryLimit }),
    ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
    ...(options.tempDirectory === undefined ? {} : { temp_directory: options.tempDirectory }),
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw new WarehouseFailed(`The folder of the DuckDB file ${path} cannot be made.`, {
      hint: "Correct `path` in millrace.yml, or give this user write access to the folder above it.",
      cause,
    });
  }
}

/** Opens the file, waiting while another process has it. WarehouseBusy names that process; anything else is WarehouseFailed. */
export async function openFile(
  options: OpenOptions,
  access: "read" | "write",
  signal?: AbortSignal,
): Promise<DuckDBInstance> {
  const { path, clock, waitMs } = options;
  if (!existsSync(path)) {
    makeFolder(path);
    if (access === "read") {
      // DuckDB cannot read what is not there: an empty warehouse answers "no such relation" instead.
      const created = await openFile(options, "write", signal);
      created.closeSync();
    }
  }
  const since = clock.now().getTime();
  const until = since + waitMs;
  let told = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await DuckDBInstance.create(path, settings(options, access === "read" ? "READ_ONLY" : "READ_WRITE"));
    } catch (cause) {
      const holder = lockHolder(cause);
      if (holder === null) throw mapError(cause);
      const leftMs = until - clock.now().getTime();
      if (leftMs <= 0) throw busy(path, holder, waitMs);
      if (!told && clock.now().getTime() - since >= WORTH_A_WORD_MS) {
        told = true;
        options.onWait?.(holder);
      }
      await clock.sleep(Math.min(pauseMs, leftMs), signal);
    }
  }
}

export const busy = (path: string, holder: string, waitMs: number): WarehouseBusy =>
  new WarehouseBusy(`The DuckDB file ${path} is in use by ${holder}; gave up after ${Math.round(waitMs / 1000)} s.`, {
    hint: "DuckDB lets one process write or many read. Close the other program, or try again when it has finished.",
    context: { path, holder },
  });
