import { sameAnswersAsDuckDb } from "../../contract/same-answers.ts";
import { labsOnFakesnow, onFakesnowAtLength } from "../../support/snowflake/on-fakesnow.ts";

onFakesnowAtLength("the answers", () => {
  sameAnswersAsDuckDb({ name: "Snowflake", labs: labsOnFakesnow, runs: Number(process.env.MILLRACE_HISTORIES ?? 2) });
});
