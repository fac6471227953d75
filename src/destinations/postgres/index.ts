import { AuthFailed } from "../../core/delivery-errors.ts";
import type { Connector } from "../connector.ts";
import { accountKey, type PostgresAccount, postgresAccount } from "./account.ts";
import { inTransaction } from "./database.ts";
import { table } from "./table.ts";

/** Tables of a Postgres database that is not the warehouse. */
export const postgres: Connector<PostgresAccount> = {
  id: "postgres",
  category: "other",
  apiVersion: "",
  account: postgresAccount,
  targets: { table },
  accountKey,
  // The pool is the limit; the rate only keeps the shape of a limit.
  limits: (account) => [{ scope: "connections", requests: 10_000, perMs: 1_000, concurrency: account.connections }],
  async check(ctx) {
    const allowed = await inTransaction(ctx, async (client) => {
      const { rows } = await client.query<{ allowed: boolean | null }>(
        "select bool_or(has_schema_privilege(nspname, 'usage')) as allowed from pg_namespace where nspname = $1",
        [ctx.account.schema],
      );
      return rows[0]?.allowed ?? null;
    });
    // A schema that is not there yet may be made by a sync with `create: true`.
    if (allowed !== false) return;
    throw new AuthFailed(`the Postgres user may not use the schema ${ctx.account.schema}`, {
      hint: `grant usage on schema ${ctx.account.schema} to the account's user`,
    });
  },
};
