// A process that runs dbt, for the test that kills it: node build-forever.ts PROJECT. Says "building" once a model runs.
import { dbtOf } from "./small-project.ts";

const dbt = await dbtOf(process.argv[2] ?? "");
await dbt.build({
  asOf: new Date(0),
  onEvent: (event) => {
    if (event.kind === "start") console.log("building");
  },
});
