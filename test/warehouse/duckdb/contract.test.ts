import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import { createDuckDbWarehouse } from "../../../src/warehouse/duckdb/index.ts";
import { sql } from "../../../src/warehouse/sql.ts";
import { warehouseContract } from "../../contract/warehouse.ts";

warehouseContract({
  name: "DuckDB",
  async open() {
    const folder = await mkdtemp(join(tmpdir(), "millrace-duckdb-"));
    const warehouse = createDuckDbWarehouse({
      path: join(folder, "warehouse.duckdb"),
      clock: systemClock,
      memoryLimit: "512MB",
      threads: 2,
      waitMs: 10_000,
    });
    await warehouse.session("write", (session) => session.execute([sql`create schema "our schema"`]));
    return {
      warehouse,
      schema: "our schema",
      async remove() {
        await warehouse.close();
        await rm(folder, { recursive: true });
      },
    };
  },
  endless: sql`select count(*) as n from range(10000000) a(i), range(100000) b(i) where (a.i * b.i) % 7 = 3`,
});
