import type { Connection, ConnectionOptions } from "snowflake-sdk";
import { abortError } from "../abort.ts";
import { closeConnection, openConnection, run } from "./driver.ts";
import { mapError } from "./errors.ts";

export interface ConnectionsOptions {
  readonly connecting: ConnectionOptions;
  /** For messages. */
  readonly place: string;
  /** Milliseconds; 0: the account's own limit. */
  readonly statementTimeoutMs: number;
}

/** Idle sessions that are kept: logging in costs about a second. */
const KEPT = 4;

/** What every session agrees on, whatever user and account say otherwise. */
function settings(statementTimeoutMs: number): string {
  const wanted: Readonly<Record<string, string>> = {
    TIMEZONE: "'UTC'",
    TIMESTAMP_TYPE_MAPPING: "'TIMESTAMP_NTZ'",
    TIMESTAMP_INPUT_FORMAT: "'AUTO'",
    DATE_INPUT_FORMAT: "'AUTO'",
    BINARY_OUTPUT_FORMAT: "'HEX'",
    BINARY_INPUT_FORMAT: "'HEX'",
    JSON_INDENT: "0",
    STRICT_JSON_OUTPUT: "true",
    AUTOCOMMIT: "true",
    // A killed program must not leave a statement running, and paid for.
    ABORT_DETACHED_QUERY: "true",
    TRANSACTION_ABORT_ON_ERROR: "true",
    // Megabytes of one chunk of an answer; two are in memory, and 160 is the default.
    CLIENT_RESULT_CHUNK_SIZE: "48",
    ...(statementTimeoutMs === 0
      ? {}
      : { STATEMENT_TIMEOUT_IN_SECONDS: String(Math.ceil(statementTimeoutMs / 1_000)) }),
  };
  return `alter session set ${Object.entries(wanted)
    .map(([name, value]) => `${name} = ${value}`)
    .join(" ")}`;
}

/** The Snowflake sessions of one warehouse: each serves one of ours at a time. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #idle: Connection[] = [];

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** An idle session, or a new one. `isNew: false`: it may have ended while nobody looked. */
  async take(signal?: AbortSignal): Promise<{ readonly connection: Connection; readonly isNew: boolean }> {
    const idle = this.#idle.pop();
    return idle === undefined
      ? { connection: await this.open(signal), isNew: true }
      : { connection: idle, isNew: false };
  }

  async open(signal?: AbortSignal): Promise<Connection> {
    const { connecting, place, statementTimeoutMs } = this.#options;
    if (signal?.aborted) throw abortError(signal);
    try {
      const connection = await openConnection(connecting);
      try {
        await run(connection, settings(statementTimeoutMs), []).done;
        return connection;
      } catch (cause) {
        await closeConnection(connection);
        throw cause;
      }
    } catch (cause) {
      throw mapError(cause, place);
    }
  }

  async release(connection: Connection, spoilt: boolean): Promise<void> {
    if (spoilt || this.#idle.length >= KEPT) await closeConnection(connection);
    else this.#idle.push(connection);
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(closeConnection));
  }
}
