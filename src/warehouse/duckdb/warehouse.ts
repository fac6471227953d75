import type { DuckDBInstance } from "@duckdb/node-api";
import type { Clock } from "../../core/clock.ts";
import { ContractError } from "../../core/errors.ts";
import { abortError } from "../abort.ts";
import type { Dialect } from "../dialect.ts";
import type { Session, Warehouse } from "../warehouse.ts";
import { catalogOf, createDuckDbDialect } from "./dialect.ts";
import { mapError } from "./errors.ts";
import { fileAt } from "./file.ts";
import { createDuckDbSession } from "./session.ts";

export interface DuckDbWarehouseOptions {
  /** The database file; it and its folder are made when missing. */
  readonly path: string;
  readonly clock: Clock;
  /** E.g. "4GB"; DuckDB's default is 80 % of the machine. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  /** Where DuckDB spills to; default: a folder beside the file. */
  readonly tempDirectory?: string;
  /** How long a session waits for others, in milliseconds. Default 60,000. */
  readonly waitMs?: number;
  /** Told once a wait, with the name of the process that has the file. */
  readonly onWait?: (holder: string) => void;
  readonly dialect?: Dialect;
}

/** A DuckDB file as the warehouse: readers share it, a writer has it alone, and between sessions it is closed. */
export function createDuckDbWarehouse(options: DuckDbWarehouseOptions): Warehouse {
  const catalog = catalogOf(options.path);
  const { dialect = createDuckDbDialect({ catalog }), waitMs = 60_000 } = options;
  const open = { ...options, waitMs };
  let closed = false;

  function begin(signal?: AbortSignal): void {
    if (closed)
      throw new ContractError("The warehouse was used after it had been closed.", { hint: "Report this as a defect." });
    if (signal?.aborted) throw abortError(signal);
  }

  async function onConnection<T>(
    instance: DuckDBInstance,
    access: "read" | "write",
    work: (session: Session) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const connection = await instance.connect();
    try {
      await connection.run("set TimeZone = 'UTC'");
      const session = createDuckDbSession(connection, dialect, catalog, signal);
      try {
        return await work(session);
      } finally {
        await session.end();
        // Closing would do it too, but on the main thread. What was committed is safe in the log if it fails.
        if (access === "write") await connection.run("checkpoint").catch(() => undefined);
      }
    } finally {
      connection.disconnectSync();
    }
  }

  /** An abort while waiting for the file, in our words. */
  async function waiting<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (signal?.aborted && error === signal.reason) throw abortError(signal);
      throw error;
    }
  }

  return {
    dialect,
    async session(access, work, signal) {
      begin(signal);
      const file = fileAt(options.path);
      const run = (instance: DuckDBInstance) => onConnection(instance, access, work, signal);
      return waiting(access === "read" ? file.read(open, run, signal) : file.write(open, run, signal), signal);
    },
    async handOver(work, signal) {
      begin(signal);
      return waiting(fileAt(options.path).alone(open, work, signal), signal);
    },
    async close() {
      closed = true;
      try {
        fileAt(options.path).closeUnlessRead();
      } catch (cause) {
        throw mapError(cause);
      }
    },
  };
}
