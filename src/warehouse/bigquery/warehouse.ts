import type { Clock } from "../../core/clock.ts";
import { ContractError } from "../../core/errors.ts";
import { abortError } from "../abort.ts";
import type { Dialect } from "../dialect.ts";
import type { Session, Warehouse } from "../warehouse.ts";
import { Client } from "./client.ts";
import { type Connecting, clientOptions, placeOf } from "./config.ts";
import { createBigQueryDialect } from "./dialect.ts";
import { Jobs } from "./jobs.ts";
import { createBigQuerySession } from "./session.ts";

export interface BigQueryWarehouseOptions extends Connecting {
  readonly clock: Clock;
  /** Where datasets are and jobs run, e.g. "EU"; left out, BigQuery goes by the datasets that a statement names. */
  readonly location?: string;
  /** On every job, beside application=millrace: for the bill. */
  readonly labels?: Readonly<Record<string, string>>;
  /** A statement that would read more fails before it reads anything. */
  readonly maximumBytesBilled?: number;
  /** Of one statement, in milliseconds. */
  readonly statementTimeoutMs?: number;
  readonly dialect?: Dialect;
}

/** A project of BigQuery as the warehouse. Nothing is open between sessions; sessions do not wait for each other. */
export function createBigQueryWarehouse(options: BigQueryWarehouseOptions): Warehouse {
  const { dialect = createBigQueryDialect(), project, location } = options;
  const place = placeOf(project, location);
  const jobs = new Jobs(new Client(clientOptions(options), options.clock), options);
  let closed = false;

  function begin(signal?: AbortSignal): void {
    if (closed)
      throw new ContractError("The warehouse was used after it had been closed.", { hint: "Report this as a defect." });
    if (signal?.aborted) throw abortError(signal);
  }

  return {
    dialect,
    async session<T>(_access: "read" | "write", work: (session: Session) => Promise<T>, signal?: AbortSignal) {
      begin(signal);
      const session = createBigQuerySession(jobs, dialect, place, signal);
      try {
        return await work(session);
      } finally {
        await session.end();
      }
    },
    async handOver(work, signal) {
      begin(signal);
      return work();
    },
    async close() {
      closed = true;
    },
  };
}
