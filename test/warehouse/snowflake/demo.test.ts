import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoOnAnotherWarehouse } from "../../contract/demo-story.ts";
import { cloudDbt, whyNoCloudDbt } from "../../support/cloud/dbt-cloud.ts";
import { databaseOf, fakesnow, onFakesnow } from "../../support/snowflake/on-fakesnow.ts";

onFakesnow("the demo on Snowflake", async () => {
  const server = fakesnow();
  demoOnAnotherWarehouse({
    why: await whyNoCloudDbt(),
    warehouse(dir) {
      const { account, user, warehouse, privateKey = "", baseUrl = "" } = server().options("demo");
      writeFileSync(join(dir, "rsa_key.p8"), privateKey, { mode: 0o600 });
      return {
        dbt: cloudDbt(),
        yaml: `  type: snowflake
  account: ${account}
  user: ${user}
  private_key: { file: ./rsa_key.p8 }
  warehouse: ${warehouse}
  database: ${databaseOf(dir)}
  schema: millrace
  base_url: ${baseUrl}
  threads: 1
`,
      };
    },
  });
});
