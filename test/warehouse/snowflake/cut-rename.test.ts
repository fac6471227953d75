import { renamesAfterAKill } from "../../contract/cut-rename.ts";
import { labsOnFakesnow, onFakesnow } from "../../support/snowflake/on-fakesnow.ts";

// DDL commits by itself here. After the ledger, and before the binding.
onFakesnow("on Snowflake", () => {
  labsOnFakesnow();
  renamesAfterAKill([2, 7]);
});
