import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { DuckDBInstance } from "@duckdb/node-api";
import { Gate } from "./gate.ts";
import { busy, type OpenOptions, openFile } from "./open.ts";

/** Reading goes on in bursts: the file stays open this long after the last reader, then other processes get their turn. */
const IDLE_MS = 200;

/**
 * DuckDB keeps every block it has read, up to its memory limit. A delivery reads its plan a page at a time and none twice,
 * so the file is opened anew after this many sessions: 5,000,000 rows take no more memory than 1,000,000.
 */
const SESSIONS_PER_OPENING = 100;

/** One database file in this process: the gate before it and, while readers come and go, their shared instance. */
export class DuckDbFile {
  readonly #gate = new Gate();
  #reading: DuckDBInstance | null = null;
  #opening: Promise<DuckDBInstance> | null = null;
  #idle: AbortController | null = null;
  #sessions = 0;

  /** Many at once on one read-only instance. */
  async read<T>(
    options: OpenOptions,
    work: (instance: DuckDBInstance) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const leave = await this.#enter("shared", options, signal);
    try {
      this.#idle?.abort();
      return await work(await this.#shared(options, signal));
    } finally {
      leave();
      this.#sessions += 1;
      if (this.#sessions >= SESSIONS_PER_OPENING && this.#gate.empty) this.closeReading();
      this.#closeWhenIdle(options);
    }
  }

  /** The file alone, opened for writing. */
  write<T>(options: OpenOptions, work: (instance: DuckDBInstance) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.alone(
      options,
      async () => {
        const instance = await openFile(options, "write", signal);
        try {
          return await work(instance);
        } finally {
          instance.closeSync();
        }
      },
      signal,
    );
  }

  /** The file closed and nobody of this process near it. */
  async alone<T>(options: OpenOptions, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const leave = await this.#enter("alone", options, signal);
    try {
      this.closeReading();
      return await work();
    } finally {
      leave();
    }
  }

  /** Closes what idle readers left open. */
  closeReading(): void {
    this.#idle?.abort();
    this.#reading?.closeSync();
    this.#reading = null;
    this.#sessions = 0;
  }

  closeUnlessRead(): void {
    if (this.#gate.empty) this.closeReading();
  }

  async #enter(access: "shared" | "alone", options: OpenOptions, signal?: AbortSignal): Promise<() => void> {
    const leave = await this.#gate.enter(access, options.clock, options.waitMs, signal);
    if (leave === null) throw busy(options.path, "another session of this process", options.waitMs);
    return leave;
  }

  async #shared(options: OpenOptions, signal?: AbortSignal): Promise<DuckDBInstance> {
    while (this.#reading === null) {
      if (this.#opening !== null) {
        // Another reader opens it; if that fails, its reason was its own (an abort) and we try ourselves.
        await this.#opening.catch(() => undefined);
        continue;
      }
      this.#opening = openFile(options, "read", signal);
      try {
        this.#reading = await this.#opening;
      } finally {
        this.#opening = null;
      }
    }
    return this.#reading;
  }

  #closeWhenIdle({ clock }: OpenOptions): void {
    if (!this.#gate.empty || this.#reading === null) return;
    const idle = new AbortController();
    this.#idle = idle;
    clock.sleep(IDLE_MS, idle.signal).then(
      () => {
        if (!idle.signal.aborted && this.#gate.empty) this.closeReading();
      },
      () => undefined,
    );
  }
}

/**
 * Every file this process has touched, by its real path. Process-wide on purpose: DuckDB's lock is between processes, so two
 * instances on one file in ONE process would both open it, and closing either would drop the lock of the other.
 */
const files = new Map<string, DuckDbFile>();

export function fileAt(path: string): DuckDbFile {
  const full = resolve(path);
  const folder = dirname(full);
  const real = existsSync(full)
    ? realpathSync(full)
    : existsSync(folder)
      ? join(realpathSync(folder), basename(full))
      : full;
  const known = files.get(real);
  if (known) return known;
  const file = new DuckDbFile();
  files.set(real, file);
  return file;
}
