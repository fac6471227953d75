/**
 * `npm run bench:warehouses -- [--rows N] [--tries N] [--times N] [--json]`
 *
 * Planning, reading, loading, delivering and settling on the servers that a project may use, each against the least that the engine itself needs
 * for it, in one run. Postgres: the server that MILLRACE_TEST_POSTGRES names (on this machine), or one started for it.
 * Snowflake and BigQuery have stand-ins here that say nothing about speed.
 */
import { parseArgs } from "node:util";
import { freshDatabase } from "../../support/postgres-database.ts";
import { type Figure, line, met } from "../report.ts";
import { benchPostgres } from "./bench.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    tries: { type: "string", default: "2" },
    times: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});
const rows = Number(values.rows);
const title = `Postgres, ${rows.toLocaleString("en-US")} rows of 8 columns`;
if (!values.json) console.log(title);
const figures: Figure[] = [];
const database = await freshDatabase();
try {
  await benchPostgres({
    url: database.url,
    rows,
    tries: Number(values.tries),
    times: Number(values.times),
    tell: (figure) => {
      figures.push(figure);
      if (!values.json) console.log(line(figure));
    },
  });
} finally {
  await database.remove();
}
if (values.json) {
  console.log(
    JSON.stringify(
      figures.map((figure) => ({ bench: title, ...figure, met: met(figure) })),
      null,
      2,
    ),
  );
}
