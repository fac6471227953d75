// Another program that has the DuckDB file: node holder.ts FILE READ_ONLY|READ_WRITE. Says "held", lets go when stdin ends.
import { DuckDBInstance } from "@duckdb/node-api";

const [path = "", mode = "READ_WRITE"] = process.argv.slice(2);
const instance = await DuckDBInstance.create(path, { access_mode: mode });
if (mode === "READ_WRITE") {
  const connection = await instance.connect();
  await connection.run("create or replace table held as select 42 as n");
  connection.disconnectSync();
}
process.stdout.write("held\n");
process.stdin.resume();
process.stdin.on("end", () => {
  instance.closeSync();
  process.exit(0);
});
