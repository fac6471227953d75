import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { createSnowflakeWarehouse } from "../../../src/warehouse/snowflake/index.ts";
import { raw } from "../../../src/warehouse/sql.ts";
import { useProjectEngine } from "../../e2e/project-engine.ts";
import type { Fakesnow } from "./fakesnow.ts";
import { databaseOf, fakesnow } from "./on-fakesnow.ts";

const rowOf = z.record(z.string(), z.unknown());

/** Every tiny project of this test file gets a database of its own on one Snowflake stand-in. */
export function projectsOnFakesnow(): () => Fakesnow {
  const server = fakesnow();
  useProjectEngine({
    // In fakesnow's DuckDB there is a `main` already, in lower case.
    schema: "shop",
    yaml(dir) {
      const { account, user, warehouse, privateKey = "", baseUrl = "" } = server().options(databaseOf(dir));
      mkdirSync(join(dir, "keys"), { recursive: true });
      writeFileSync(join(dir, "keys", "rsa_key.p8"), privateKey, { mode: 0o600 });
      return `{ type: snowflake, account: ${account}, user: ${user}, private_key: { file: ./keys/rsa_key.p8 }, warehouse: ${warehouse}, database: ${databaseOf(dir)}, schema: millrace, base_url: "${baseUrl}" }`;
    },
    async run(dir, work) {
      const warehouse = createSnowflakeWarehouse({ ...server().options(databaseOf(dir)), schema: "shop" });
      try {
        return await warehouse.session("write", async (session) => {
          await session.execute([raw("create schema if not exists shop"), raw("use schema shop")]);
          return work((statement) => session.query(raw(statement), rowOf));
        });
      } finally {
        await warehouse.close();
      }
    },
  });
  return server;
}
