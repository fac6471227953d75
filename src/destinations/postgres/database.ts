import type { Pool, PoolClient } from "pg";
import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { AccountCtx, TargetCtx } from "../connector.ts";
import { accountKey, type PostgresAccount, poolConfig } from "./account.ts";
import { type Progress, postgresTrouble } from "./errors.ts";
import { createdTypes, type TableOptions, tableName } from "./options.ts";
import { type Columns, quote, relation } from "./statements.ts";

type Ctx = AccountCtx<PostgresAccount>;

/** The account's connections; the driver is loaded with the first. */
export function pool(ctx: Ctx): Promise<Pool> {
  return ctx.resource("pool", async () => {
    const { Pool } = (await import("pg")).default;
    const value = new Pool(poolConfig(ctx.account));
    // An idle connection that dies is replaced by the next query; without a listener it would end the process.
    value.on("error", () => {});
    return { value, close: () => value.end() };
  });
}

/** Runs `work` in one transaction: all of it or, when it throws, nothing. */
export async function inTransaction<T>(ctx: Ctx, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const host = accountKey(ctx.account);
  const client = await (await pool(ctx)).connect().catch((error: unknown) => {
    throw postgresTrouble(error, "open", host);
  });
  let progress: Progress = "open";
  let broken = false;
  // The connection's own end is told by the query that was under way.
  const onError = () => {
    broken = true;
  };
  client.on("error", onError);
  try {
    await client.query("begin");
    const value = await work(client);
    progress = "committing";
    await client.query("commit");
    return value;
  } catch (error) {
    const rolledBack = await client.query("rollback").then(
      () => true,
      () => false,
    );
    broken ||= !rolledBack;
    throw postgresTrouble(error, progress, host);
  } finally {
    client.off("error", onError);
    client.release(broken);
  }
}

const columnRow = z.object({ name: z.string(), type: z.string(), is_array: z.boolean() });

/** Columns of the table by name; makes what is missing where the sync says so. Read once per sync while its work lasts. */
export function columnsOf(ctx: TargetCtx<PostgresAccount, TableOptions>): Promise<Columns> {
  const name = tableName(ctx.account, ctx.options);
  const wanted = [...new Set([...ctx.sync.match, ...ctx.sync.fields])];
  return ctx.resource(`columns ${JSON.stringify([name, ctx.sync.runId, wanted])}`, async () => {
    const found = await inTransaction(ctx, async (client) => {
      const before = await readColumns(client, name.schema, name.table);
      if (!ctx.options.create || wanted.every((column) => before.has(column))) return before;
      await create(client, ctx, wanted, before);
      return readColumns(client, name.schema, name.table);
    });
    assertColumns(found, wanted, `${name.schema}.${name.table}`);
    return { value: found, close: async () => {} };
  });
}

/** Type modifier -1, not NULL: bpchar instead of character, which a cast would take for one character. */
async function readColumns(client: PoolClient, schema: string, table: string): Promise<Columns> {
  const { rows } = await client.query(
    `select a.attname as name, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), -1) as type,
            coalesce(b.typcategory, t.typcategory) = 'A' as is_array
       from pg_attribute a
       join pg_class c on c.oid = a.attrelid
       join pg_namespace s on s.oid = c.relnamespace
       join pg_type t on t.oid = a.atttypid
       left join pg_type b on b.oid = nullif(t.typbasetype, 0)
      where s.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'f') and a.attnum > 0 and not a.attisdropped`,
    [schema, table],
  );
  return new Map(
    rows.map((row) => columnRow.parse(row)).map(({ name, type, is_array }) => [name, { type, isArray: is_array }]),
  );
}

async function create(
  client: PoolClient,
  { account, options, sync }: TargetCtx<PostgresAccount, TableOptions>,
  wanted: readonly string[],
  before: Columns,
): Promise<void> {
  const name = tableName(account, options);
  const columns = wanted.map((column) => `${quote(column)} ${createdTypes[options.types[column] ?? "text"]}`);
  if (before.size === 0) {
    await client.query(`create schema if not exists ${quote(name.schema)}`);
    const key = `primary key (${sync.match.map(quote).join(", ")})`;
    await client.query(`create table ${relation(name)} (${[...columns, key].join(", ")})`);
    return;
  }
  const missing = columns.filter((_, i) => !before.has(wanted[i] ?? ""));
  await client.query(`alter table ${relation(name)} ${missing.map((column) => `add column ${column}`).join(", ")}`);
}

function assertColumns(found: Columns, wanted: readonly string[], table: string): void {
  if (found.size === 0) {
    throw new TargetInvalid(`there is no table ${table}`, {
      hint: "Create it with a unique index on the columns of `match`, or say `create: true` in `to:`.",
    });
  }
  const missing = wanted.filter((column) => !found.has(column));
  if (missing.length === 0) return;
  throw new TargetInvalid(`the table ${table} has no column ${missing.join(", ")}`, {
    hint: "Add the column, mend the field's name, or say `create: true` in `to:`. Names are case-sensitive here.",
  });
}
