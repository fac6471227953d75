import type { Clock } from "../../core/clock.ts";
import { ContractError } from "../../core/errors.ts";
import { abortError } from "../abort.ts";
import type { Dialect } from "../dialect.ts";
import type { Session, Warehouse } from "../warehouse.ts";
import { Backends } from "./backends.ts";
import { type Connecting, clientConfig, placeOf } from "./config.ts";
import { createPostgresDialect } from "./dialect.ts";
import { createPostgresSession } from "./session.ts";

export interface PostgresWarehouseOptions extends Connecting {
  readonly clock: Clock;
  /** Where Millrace's own tables live: writers of one schema take turns. */
  readonly schema: string;
  /** Of one statement, in milliseconds; 0, the default: none. */
  readonly statementTimeoutMs?: number;
  /** E.g. "256MB", for sorting and hashing; the server's own default is 4 MB. */
  readonly workMem?: string;
  /** Plan tables outside the write-ahead log: quicker to write, gone when the server crashes. */
  readonly unloggedPlans?: boolean;
  /** How long a session waits for others, in milliseconds. Default 60,000. */
  readonly waitMs?: number;
  readonly dialect?: Dialect;
}

/** A Postgres database as the warehouse: readers and dbt share it with one writer per Millrace schema. */
export function createPostgresWarehouse(options: PostgresWarehouseOptions): Warehouse {
  const { dialect = createPostgresDialect(options), waitMs = 60_000, clock, schema } = options;
  const place = placeOf(options.url);
  const backends = new Backends({
    config: clientConfig(options),
    place,
    schema,
    clock,
    waitMs,
    ...(options.statementTimeoutMs === undefined ? {} : { statementTimeoutMs: options.statementTimeoutMs }),
    ...(options.workMem === undefined ? {} : { workMem: options.workMem }),
  });
  let closed = false;

  function begin(signal?: AbortSignal): void {
    if (closed)
      throw new ContractError("The warehouse was used after it had been closed.", { hint: "Report this as a defect." });
    if (signal?.aborted) throw abortError(signal);
  }

  async function session<T>(
    access: "read" | "write",
    work: (session: Session) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    begin(signal);
    const backend = await backends.take(access, signal).catch((error: unknown) => {
      throw signal?.aborted ? abortError(signal) : error;
    });
    let spoilt = true;
    try {
      const open = createPostgresSession(backend, dialect, place, signal);
      try {
        return await work(open);
      } finally {
        spoilt = await open.end();
      }
    } finally {
      await backend.release(spoilt);
    }
  }

  return {
    dialect,
    session,
    async handOver(work, signal) {
      begin(signal);
      return work();
    },
    async close() {
      closed = true;
      await backends.close();
    },
  };
}
