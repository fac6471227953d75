import { ContractError } from "../../core/errors.ts";
import { abortError } from "../abort.ts";
import type { Dialect } from "../dialect.ts";
import type { Session, Warehouse } from "../warehouse.ts";
import { type Connecting, connectionOptions, placeOf } from "./config.ts";
import { Connections } from "./connections.ts";
import { createSnowflakeDialect } from "./dialect.ts";
import type { Loads } from "./load.ts";
import { createSnowflakeSession } from "./session.ts";

export interface SnowflakeWarehouseOptions extends Connecting {
  /** Of one statement, in milliseconds; the account's own limit (two days) if left out. */
  readonly statementTimeoutMs?: number;
  /** Millrace's schema is made as a transient one. */
  readonly transient?: boolean;
  readonly loads?: Loads;
  readonly dialect?: Dialect;
}

/** A Snowflake database as the warehouse. Writers of one schema are kept apart by Millrace's own lease, not by Snowflake. */
export function createSnowflakeWarehouse(options: SnowflakeWarehouseOptions): Warehouse {
  const { dialect = createSnowflakeDialect(options), statementTimeoutMs = 0, loads = "stage" } = options;
  const name = placeOf(options);
  const connecting = connectionOptions(options);
  const connections = new Connections({ connecting, place: name, statementTimeoutMs });
  let closed = false;

  function begin(signal?: AbortSignal): void {
    if (closed)
      throw new ContractError("The warehouse was used after it had been closed.", { hint: "Report this as a defect." });
    if (signal?.aborted) throw abortError(signal);
  }

  async function session<T>(
    _access: "read" | "write",
    work: (session: Session) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    begin(signal);
    const taken = await connections.take(signal);
    const opened = createSnowflakeSession(
      {
        ...taken,
        name,
        virtualWarehouse: connecting.warehouse ?? "",
        loads,
        reconnect: async () => {
          await connections.release(taken.connection, true);
          return connections.open(signal);
        },
      },
      dialect,
      signal,
    );
    let spoilt = true;
    try {
      return await work(opened);
    } finally {
      spoilt = await opened.end();
      await connections.release(opened.connection, spoilt);
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
      await connections.close();
    },
  };
}
