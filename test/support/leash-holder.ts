// usage: node leash-holder.ts bigquery|postgres|snowflake: starts the server, prints its port, and waits to be killed.
import { startEmulator } from "./bigquery/emulator.ts";
import { startPostgres } from "./postgres.ts";
import { startFakesnow } from "./snowflake/fakesnow.ts";

const start: Readonly<Record<string, () => Promise<number>>> = {
  bigquery: async () => (await startEmulator()).port,
  postgres: async () => (await startPostgres()).port,
  snowflake: async () => Number(new URL((await startFakesnow()).url).port),
};
console.log(await start[process.argv[2] ?? ""]?.());
setInterval(() => undefined, 60_000);
