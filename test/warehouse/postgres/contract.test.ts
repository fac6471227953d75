import { systemClock } from "../../../src/core/clock.ts";
import { createPostgresWarehouse } from "../../../src/warehouse/postgres/index.ts";
import { sql } from "../../../src/warehouse/sql.ts";
import { warehouseContract } from "../../contract/warehouse.ts";
import { freshDatabase } from "../../support/postgres-database.ts";

warehouseContract({
  name: "Postgres",
  async open() {
    const database = await freshDatabase();
    const warehouse = createPostgresWarehouse({
      url: database.url,
      schema: "our schema",
      clock: systemClock,
      waitMs: 10_000,
    });
    await warehouse.session("write", (session) => session.execute([sql`create schema "our schema"`]));
    return {
      warehouse,
      schema: "our schema",
      async remove() {
        await warehouse.close();
        await database.remove();
      },
    };
  },
  endless: sql`select count(*) as n from generate_series(1, 100000) a(i), generate_series(1, 100000) b(i),
    generate_series(1, 1000) c(i) where (cast(a.i as bigint) * b.i + c.i) % 7 = 3`,
  noNul: "Postgres refuses NUL in text",
});
