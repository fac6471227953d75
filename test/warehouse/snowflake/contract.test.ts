import { createSnowflakeWarehouse } from "../../../src/warehouse/snowflake/index.ts";
import { raw, sql } from "../../../src/warehouse/sql.ts";
import { warehouseContract } from "../../contract/warehouse.ts";
import { startFakesnow } from "../../support/snowflake/fakesnow.ts";
import { onFakesnow } from "../../support/snowflake/on-fakesnow.ts";

const million = raw("table(generator(rowcount => 1000000))");

onFakesnow("the contract", () => {
  warehouseContract({
    name: "Snowflake",
    async open() {
      const server = await startFakesnow();
      const warehouse = createSnowflakeWarehouse(server.options("contract"));
      await warehouse.session("write", (session) => session.execute([warehouse.dialect.createSchema("ours")]));
      return {
        warehouse,
        schema: "ours",
        async remove() {
          await warehouse.close();
          await server.stop();
        },
      };
    },
    endless: sql`select count(*) as n from ${million} a, ${million} b`,
  });
});
