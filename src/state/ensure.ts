import { randomUUID } from "node:crypto";
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import { readBindings, type StoredBinding } from "./bindings.ts";
import { assertKnown, type Meta } from "./look.ts";
import { migrate, type StateHistory, stateHistory } from "./migrations.ts";
import { type StateTables, type SyncTables, syncTables } from "./names.ts";
import {
  bindingColumns,
  columnList,
  createTable,
  ledgerTableColumns,
  metaColumns,
  planColumns,
  rejectColumns,
  resultColumns,
  runColumns,
  stateVersion,
} from "./schema.ts";

const metaRow = z.object({ schema_version: z.number(), warehouse_id: z.string(), store_id: z.string() });

/** The warehouse's state as it is, or null where Millrace has never settled anything. Reads only. */
export async function readMeta(session: Session, tables: StateTables): Promise<Meta | null> {
  const found = await findMeta(session, tables, stateVersion);
  return found && metaOf(found);
}

const metaOf = (found: z.infer<typeof metaRow>): Meta => ({
  warehouseId: found.warehouse_id,
  storeId: found.store_id,
});

async function findMeta(session: Session, tables: StateTables, known: number): Promise<z.infer<typeof metaRow> | null> {
  const { dialect } = session;
  if ((await session.describe(tables.meta)) === null) return null;
  const [found] = await session.query(
    sql`select schema_version, warehouse_id, store_id from ${dialect.relation(tables.meta)}`,
    metaRow,
  );
  if (found === undefined) return null;
  assertKnown(tables, found.schema_version, known);
  return found;
}

/**
 * Makes the shared tables where they are missing, brings those of an older Millrace forward, and tells whose they are.
 * Write session, outside a transaction: all of it, or nothing.
 */
export function ensureState(
  session: Session,
  tables: StateTables,
  storeId: string,
  history: StateHistory = stateHistory,
): Promise<Meta> {
  return session.transaction(async () => {
    const found = await findMeta(session, tables, history.version);
    if (found === null) return createState(session, tables, storeId);
    if (found.schema_version < history.version) {
      await migrate(session, tables, found.schema_version, history);
      await session.execute([
        sql`update ${session.dialect.relation(tables.meta)} set schema_version = ${history.version} where true`,
      ]);
    }
    return metaOf(found);
  });
}

async function createState(session: Session, tables: StateTables, storeId: string): Promise<Meta> {
  const { dialect } = session;
  const meta: Meta = { warehouseId: randomUUID(), storeId };
  await session.execute([
    dialect.createSchema(tables.schema),
    createTable(dialect, tables.meta, metaColumns),
    createTable(dialect, tables.bindings, bindingColumns),
    createTable(dialect, tables.results, resultColumns, { days: "at" }),
    createTable(dialect, tables.runs, runColumns, { days: "ended_at" }),
    sql`delete from ${dialect.relation(tables.meta)} where true`,
    sql`insert into ${dialect.relation(tables.meta)} (${columnList(dialect, metaColumns)}) values (${stateVersion}, ${
      meta.warehouseId
    }, ${storeId}, ${dialect.now()})`,
  ]);
  return meta;
}

/** From now on this warehouse belongs to another store: a person decided so. */
export async function claimWarehouse(session: Session, tables: StateTables, storeId: string): Promise<void> {
  await session.execute([sql`update ${session.dialect.relation(tables.meta)} set store_id = ${storeId} where true`]);
}

/**
 * The sync's own tables; `renamed_from` carries the former name's ledger, rejects and binding over. The last settled run
 * stays with the former name: the store knows it by that.
 * @throws ConfigError if another sync's tables have these names
 */
export async function ensureSync(
  session: Session,
  tables: StateTables,
  sync: string,
  renamedFrom: string | undefined,
): Promise<StoredBinding | null> {
  const { dialect } = session;
  const own = syncTables(tables.schema, sync, dialect.traits.maxIdentifier);
  const bindings = await readBindings(session, tables);
  const bound = bindings.find((binding) => binding.sync === sync);
  // Retention may have dropped the plan.
  const plan = createTable(dialect, own.plan, planColumns);
  if (bound !== undefined) {
    await session.execute([plan]);
    return bound;
  }
  const former = bindings.find((binding) => binding.sync === renamedFrom);
  const namesake = bindings.find((binding) => binding !== former && binding.ledger === own.ledger.name);
  if (namesake !== undefined) {
    throw new ConfigError(`syncs ${sync} and ${namesake.sync} would share the table ${own.ledger.name}`, {
      hint: `Rename one of them, write \`renamed_from: ${namesake.sync}\`, or end the other: \`millrace retire ${namesake.sync}\`.`,
    });
  }
  if (former === undefined) {
    await session.execute([
      createTable(dialect, own.ledger, ledgerTableColumns, { key: "key" }),
      createTable(dialect, own.rejects, rejectColumns),
      plan,
    ]);
    await rejectsView(session, tables, [...bindings.map((binding) => binding.sync), sync]);
    return null;
  }
  await rename(session, tables, bindings, { former, sync, own });
  return { ...former, sync, ledger: own.ledger.name, lastSettledRun: null };
}

interface Renaming {
  readonly former: StoredBinding;
  readonly sync: string;
  readonly own: SyncTables;
}

/**
 * The binding moves last. Where DDL commits by itself a process that is killed half-way leaves some tables under their new
 * names: until the binding says so the sync is still the former one, and the next plan does what is left.
 */
async function rename(
  session: Session,
  tables: StateTables,
  bindings: readonly StoredBinding[],
  { former, sync, own }: Renaming,
): Promise<void> {
  const { dialect } = session;
  const old = syncTables(tables.schema, former.sync, dialect.traits.maxIdentifier);
  const moves: Sql[] = [];
  for (const [from, to] of [
    [old.ledger, own.ledger],
    [old.rejects, own.rejects],
  ] as const) {
    const isMoved = async () => (await session.describe(from)) === null && (await session.describe(to)) !== null;
    if (from.name !== to.name && !(await isMoved())) moves.push(dialect.renameTable(from, to.name));
  }
  await session.execute([
    // It reads the tables under their former names.
    sql`drop view if exists ${dialect.relation(tables.rejects)}`,
    ...moves,
    sql`drop table if exists ${dialect.relation(old.plan)}`,
    createTable(dialect, own.plan, planColumns),
  ]);
  const names = bindings.map((binding) => (binding === former ? sync : binding.sync));
  await rejectsView(session, tables, names);
  await session.execute([
    sql`update ${dialect.relation(tables.bindings)} set sync = ${sync}, ledger = ${own.ledger.name}, last_settled_run = null where sync = ${former.sync}`,
  ]);
}

/** Forgets a sync: its tables and its binding. Results and runs stay, as history. */
export async function dropSync(session: Session, tables: StateTables, sync: string): Promise<void> {
  const { dialect } = session;
  const own = syncTables(tables.schema, sync, dialect.traits.maxIdentifier);
  const rest = (await readBindings(session, tables)).map((binding) => binding.sync).filter((name) => name !== sync);
  await rejectsView(session, tables, rest);
  await session.execute([
    ...[own.ledger, own.plan, own.rejects].map((table) => sql`drop table if exists ${dialect.relation(table)}`),
    sql`delete from ${dialect.relation(tables.bindings)} where sync = ${sync}`,
  ]);
}

/** The view over every sync's rejects. */
async function rejectsView(session: Session, tables: StateTables, syncs: readonly string[]): Promise<void> {
  const { dialect } = session;
  const columns = columnList(dialect, rejectColumns);
  const selects = syncs.map((sync) => {
    const own = syncTables(tables.schema, sync, dialect.traits.maxIdentifier);
    return sql`select cast(${dialect.textLiteral(sync)} as ${dialect.typeName("text")}) as sync, ${columns} from ${dialect.relation(own.rejects)}`;
  });
  const view = dialect.relation(tables.rejects);
  await session.execute([
    sql`drop view if exists ${view}`,
    ...(selects.length > 0 ? [sql`create view ${view} as ${join(selects, raw(" union all ").text)}`] : []),
  ]);
}
