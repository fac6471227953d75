import type { Column, Relation } from "../core/relation.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { join, raw, type Sql, sql } from "../warehouse/sql.ts";

/** Raised with every change to the tables below; `migrations.ts` brings older schemas forward. */
export const stateVersion = 1;

const column = (type: Column["type"], ...names: string[]): Column[] => names.map((name) => ({ name, type }));

/** One row: which store this warehouse belongs to. */
export const metaColumns: readonly Column[] = [
  ...column("int", "schema_version"),
  ...column("text", "warehouse_id", "store_id"),
  ...column("timestamp", "created_at"),
];

/** One row per sync: what its ledger is bound to, and the mapping its fingerprints were made with. */
export const bindingColumns: readonly Column[] = [
  ...column("text", "sync", "ledger", "account_key", "target", "object", "key_column", "match_columns", "mapping"),
  ...column("text", "last_settled_run"),
  ...column("timestamp", "updated_at"),
];

/**
 * What the destination was last given. (key, match_hash) is unique. `fast_fp` is the engine's own 64-bit hash of the
 * mapped columns, good only for its `fp_engine`; `stable_fp` is an md5 that every engine computes alike. `unknown_op`
 * is what run `last_run` sent and nobody answered, NULL in the other states.
 */
export const ledgerColumns: readonly Column[] = [
  ...column("text", "key"),
  ...column("int", "match_hash"),
  ...column("text", "identifiers"),
  ...column("int", "fast_fp"),
  ...column("text", "fp_engine", "stable_fp", "external_id", "state", "last_run", "unknown_op"),
];

const readOfEveryRow = ["match_hash", "fast_fp", "state", "key", "fp_engine"];
const rank = ({ name }: Column): number => (readOfEveryRow.includes(name) ? readOfEveryRow.indexOf(name) : Infinity);

/**
 * The same in the table's own order: what a plan reads of every row stands first. Postgres walks a row from the left, and
 * a plan of a million rows costs a tenth less.
 */
export const ledgerTableColumns: readonly Column[] = ledgerColumns.toSorted((a, b) =>
  rank(a) === rank(b) ? 0 : rank(a) - rank(b),
);

/**
 * A frozen plan. Rows with a seq are delivered; the others (`refuse`, `suppress`, `release`, `forget`, `clear`) tell
 * settle and `why` what was decided without sending.
 */
export const planColumns: readonly Column[] = [
  ...column("text", "run_id"),
  ...column("int", "seq"),
  ...column("text", "op", "key"),
  ...column("int", "match_hash"),
  ...column("text", "prev_key"),
  ...column("int", "prev_match_hash"),
  ...column("text", "prev_identifiers", "identifiers", "fields"),
  ...column("int", "fast_fp"),
  ...column("text", "stable_fp", "external_id", "code", "message"),
  ...column("int", "copies"),
];

/** What was refused and why; retention never empties it. */
export const rejectColumns: readonly Column[] = [
  ...column("text", "key", "match", "op", "fingerprint", "code", "message"),
  ...column("int", "attempts"),
  ...column("timestamp", "first_at", "last_at"),
  ...column("text", "last_run"),
];

export const resultColumns: readonly Column[] = [
  ...column("text", "run_id", "sync"),
  ...column("int", "seq"),
  ...column("text", "key", "op", "fingerprint", "status", "code", "message", "external_id"),
  ...column("int", "attempt"),
  ...column("timestamp", "at"),
];

export const runColumns: readonly Column[] = [
  ...column("text", "run_id", "sync", "trigger"),
  ...column("timestamp", "started_at", "ended_at"),
  ...column("text", "status"),
  ...column("int", "planned", "delivered", "accepted", "rejected", "retry", "unknown"),
  ...column("int", "model_rows", "unchanged", "added", "updated", "removed", "refused", "suppressed"),
];

/** `create table if not exists`; no constraints: a primary key took a DuckDB ledger from 13 to 85 MiB per million rows. */
export function createTable(
  dialect: Dialect,
  table: Relation,
  columns: readonly Column[],
  readBy?: Parameters<Dialect["layout"]>[0],
): Sql {
  const definitions = columns.map(({ name, type }) => sql`${dialect.ident(name)} ${dialect.typeName(type)}`);
  return sql`create table if not exists ${dialect.relation(table)} (${join(definitions)})${readBy === undefined ? raw("") : dialect.layout(readBy)}`;
}

/** Column names, quoted and joined, for select and insert lists. */
export const columnList = (dialect: Dialect, columns: readonly Column[]): Sql =>
  join(columns.map(({ name }) => dialect.ident(name)));
