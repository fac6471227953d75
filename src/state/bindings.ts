import { z } from "zod";
import { LedgerBoundElsewhere } from "../core/errors.ts";
import type { SyncConfig } from "../core/sync.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { type Sql, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import type { StateTables } from "./names.ts";
import { bindingColumns, columnList } from "./schema.ts";

/** What one sync's ledger belongs to. When one of these differs, the rows it holds may not be at the destination. */
export interface Binding {
  readonly accountKey: string;
  readonly target: string;
  readonly object: string;
  readonly keyColumn: string;
  /** JSON of destination identifier ← column. */
  readonly matchColumns: string;
}

export interface StoredBinding extends Binding {
  readonly sync: string;
  readonly ledger: string;
  /** JSON of the canonical mapping; see plan/mapping.ts. */
  readonly mapping: string;
  readonly lastSettledRun: string | null;
}

export const bindingRow = z
  .object({
    sync: z.string(),
    ledger: z.string(),
    account_key: z.string(),
    target: z.string(),
    object: z.string(),
    key_column: z.string(),
    match_columns: z.string(),
    mapping: z.string(),
    last_settled_run: z.string().nullable(),
  })
  .transform(
    (r): StoredBinding => ({
      sync: r.sync,
      ledger: r.ledger,
      accountKey: r.account_key,
      target: r.target,
      object: r.object,
      keyColumn: r.key_column,
      matchColumns: r.match_columns,
      mapping: r.mapping,
      lastSettledRun: r.last_settled_run,
    }),
  );

export function bindingOf(sync: SyncConfig, accountKey: string, object: string): Binding {
  const match = Object.entries(sync.match).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    accountKey,
    target: sync.to.target,
    object,
    keyColumn: sync.key,
    matchColumns: JSON.stringify(Object.fromEntries(match)),
  };
}

export const bindingsQuery = (dialect: Dialect, tables: StateTables): Sql =>
  sql`select ${columnList(dialect, bindingColumns)} from ${dialect.relation(tables.bindings)}`;

export const readBindings = (session: Session, tables: StateTables): Promise<StoredBinding[]> =>
  session.query(bindingsQuery(session.dialect, tables), bindingRow);

/** Replaces the sync's binding row: two statements that belong together. */
export function bindingStatements(dialect: Dialect, tables: StateTables, binding: StoredBinding): Sql[] {
  const table = dialect.relation(tables.bindings);
  return [
    sql`delete from ${table} where ${dialect.ident("sync")} = ${binding.sync}`,
    sql`insert into ${table} (${columnList(dialect, bindingColumns)}) values (${binding.sync}, ${binding.ledger}, ${
      binding.accountKey
    }, ${binding.target}, ${binding.object}, ${binding.keyColumn}, ${binding.matchColumns}, ${binding.mapping}, ${
      binding.lastSettledRun
    }, ${dialect.now()})`,
  ];
}

/** e.g. `object: Contact → Lead`, for each part of the binding that is not as it was. */
export function differences(before: Binding, now: Binding): string[] {
  const named = [
    ["account", before.accountKey, now.accountKey],
    ["target", before.target, now.target],
    ["object", before.object, now.object],
    ["key", before.keyColumn, now.keyColumn],
    ["match", before.matchColumns, now.matchColumns],
  ] as const;
  return named.flatMap(([name, was, is]) => (was === is ? [] : [`${name}: ${was} → ${is}`]));
}

/** Throws where the ledger belongs to another destination than the sync now names. */
export function assertBound(sync: SyncConfig, stored: StoredBinding, now: Binding): void {
  const told = differences(stored, now).join("; ");
  if (told === "") return;
  throw new LedgerBoundElsewhere(
    `${sync.origin.file}:${sync.origin.line}: the ledger of ${sync.name} belongs to another destination (${told})`,
    {
      hint:
        `Choose: \`millrace run ${sync.name} --adopt\` (the rows are there already), ` +
        `\`--rebuild\` (send everything), or first \`millrace retire ${sync.name} --remove\` or \`--forget\`.`,
    },
  );
}
