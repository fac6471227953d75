import pg from "pg";
import { postgres } from "../../../src/destinations/postgres/index.ts";
import { type ConnectorFixture, connectorContract } from "../../contract/connector.ts";
import { startPostgres } from "../../support/postgres.ts";

async function open(): Promise<ConnectorFixture> {
  const server = await startPostgres();
  const db = new pg.Client({ connectionString: server.url });
  await db.connect();
  await db.query("create schema crm");
  await db.query(
    "create table crm.people (email text primary key, name text, visits integer, tags text[], extra jsonb)",
  );
  return {
    connector: postgres,
    account: { url: server.url, schema: "crm" },
    target: "table",
    options: { table: "people" },
    makeRow: (n) => ({
      key: `k${n}`,
      match: { email: `person${n}@example.com` },
      fields: { name: `Person ${n}`, visits: n, tags: ["a, b", `say "hi" \\`], extra: { deep: [1, null] } },
    }),
    makeBadRow: (n) => ({
      key: `k${n}`,
      match: { email: `person${n}@example.com` },
      fields: { name: "Bad", visits: "Wilhelmina.Personal@private.example", tags: null, extra: null },
    }),
    textField: "name",
    readState: async () => (await db.query<Record<string, never>>("select * from crm.people order by email")).rows,
    wrongAccount: { url: server.url.replace(server.password, "not-the-password-at-all"), schema: "crm" },
    secrets: [server.password, "not-the-password-at-all"],
    close: async () => {
      await db.end();
      await server.stop();
    },
  };
}

connectorContract("postgres: table", open);
