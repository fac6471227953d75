import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoOnAnotherWarehouse } from "../../contract/demo-story.ts";
import { cloudDbt, whyNoCloudDbt } from "../../support/cloud/dbt-cloud.ts";
import type { Slice } from "../../support/demo-story.ts";
import { databaseOf, fakesnow, onFakesnow } from "../../support/snowflake/on-fakesnow.ts";

/**
 * A twelfth of the shop with the row that Salesforce refuses, and from the next twelfth those who typed an address at the fair's
 * tablet: fewer of them are no fan-out.
 */
const aTwelfth: Slice = (customer) =>
  customer >= 14_100 && (customer < 14_450 || (customer < 14_800 && customer % 50 === 1));

onFakesnow("the demo on Snowflake", async () => {
  const server = fakesnow();
  demoOnAnotherWarehouse({
    why: await whyNoCloudDbt(),
    slice: aTwelfth,
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
