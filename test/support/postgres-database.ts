import { randomBytes } from "node:crypto";
import pg from "pg";
import { startPostgres } from "./postgres.ts";

export interface Database {
  /** Of a database of its own, in UTF8, and a superuser. */
  readonly url: string;
  /** Runs SQL as the superuser, on a connection of its own. */
  admin(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Another fresh database on the same server. */
  another(): Promise<Database>;
  /** Drops the database, and ends the server if it was started for it. */
  remove(): Promise<void>;
}

/** A fresh database on the server that MILLRACE_TEST_POSTGRES names (a superuser's URL), or on one started for it. */
export async function freshDatabase(): Promise<Database> {
  const given = process.env.MILLRACE_TEST_POSTGRES;
  const started = given === undefined ? await startPostgres() : null;
  const first = await databaseOn(started?.url ?? given ?? "");
  return started === null ? first : { ...first, remove: () => started.stop() };
}

async function databaseOn(server: string): Promise<Database> {
  const name = `millrace_test_${randomBytes(6).toString("hex")}`;
  await run(server, `create database ${name} encoding 'UTF8' template template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    admin: (sql) => run(url.href, sql),
    another: () => databaseOn(server),
    async remove() {
      await run(server, `drop database ${name} with (force)`);
    },
  };
}

async function run(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query(sql);
    return rows as readonly Readonly<Record<string, unknown>>[];
  } finally {
    await client.end();
  }
}
