import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import type { SyncConfig } from "../../../src/core/sync.ts";
import type { PlanTarget } from "../../../src/plan/plan.ts";
import { stateTables } from "../../../src/state/names.ts";
import { createDuckDbWarehouse } from "../../../src/warehouse/duckdb/index.ts";
import { raw } from "../../../src/warehouse/sql.ts";
import type { Warehouse } from "../../../src/warehouse/warehouse.ts";
import { aSync, column } from "../../support/sync.ts";

/** Eight columns of mixed types besides the key. */
export const columns = ["email", "first_name", "country", "orders", "revenue", "score", "vip", "last_order"];

export type Match = "key" | "email";

export const tables = stateTables("millrace");

export const target: PlanTarget = {
  accountKey: "bench:host",
  object: "list/bench",
  kind: "records",
  fieldTypes: {},
  contents: "changes",
  movesMatch: false,
};

/** A mirror of all eight columns; each way to match has a sync, hence a ledger, of its own. */
export const syncOf = (match: Match): SyncConfig =>
  aSync({
    name: `customers-by-${match}`,
    source: { kind: "table", name: "analytics.customers" },
    key: "customer_id",
    match: match === "key" ? { id: "customer_id" } : { email: "email" },
    fields: Object.fromEntries(columns.map((name) => [name, column(name)])),
  });

export const openWarehouse = (dir: string, memory = ""): Warehouse =>
  createDuckDbWarehouse({
    path: join(dir, "warehouse.duckdb"),
    clock: systemClock,
    threads: 2,
    ...(memory !== "" && { memoryLimit: memory }),
  });

/** One row per customer number; `version` moves the values of the customers that changed. Keys are text without an order. */
const row = (version: string): string => `
  'c' || lpad(to_hex(hash(i)), 16, '0') as customer_id,
  'person' || i || '@example.com' as email,
  ['Ann', 'Bob', 'Cyd', 'Dan', 'Eve', 'Flo', 'Gus'][1 + cast(hash(i, 1) % 7 as int)] as first_name,
  ['DE', 'FR', 'GB', 'US', 'NL'][1 + cast(hash(i, 2) % 5 as int)] as country,
  cast(hash(i, 3) % 100 as int) + ${version} as orders,
  cast(hash(i, 4) % 10000000 as decimal(12,2)) / 100 as revenue,
  cast(hash(i, 5) % 1000000 as double) / 1e6 as score,
  hash(i, 6) % 10 = 0 as vip,
  timestamp '2025-01-01' + to_seconds(cast(hash(i, 7) % 31536000 as bigint)) as last_order`;

/**
 * `customers` as it was when the ledger was written, and `customers_next`: one in a hundred is gone, one changed, one
 * came, and the rows stand in another order.
 */
export async function makeModel(dir: string, rows: number): Promise<void> {
  const warehouse = openWarehouse(dir, "2GB");
  const gone = Math.floor(rows / 100);
  await warehouse.session("write", (session) =>
    session.execute(
      [
        "create schema analytics",
        `create table analytics.customers as select ${row("0")} from range(${rows}) t(i) order by hash(i, 8)`,
        `create table analytics.customers_next as select ${row(`case when i < ${2 * gone} then 1000 else 0 end`)}
         from range(${gone}, ${rows + gone}) t(i) order by hash(i, 9)`,
        "create table analytics.nobody as select * from analytics.customers limit 0",
      ].map(raw),
    ),
  );
  await warehouse.close();
}
