import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { DataverseConfig } from "./config.ts";

export interface TableRow {
  readonly id: string;
  readonly table: string;
  columns: Row;
}

export interface MarketingList {
  readonly id: string;
  readonly name: string;
  readonly dynamic: boolean;
  readonly code: number;
  readonly members: Set<string>;
}

/** What every operation of the stand-in works on. */
export interface Environment {
  readonly config: DataverseConfig;
  readonly clock: Clock;
  readonly misbehaviour: Misbehaviour;
  readonly rows: Map<string, TableRow>;
  /** "contacts/emailaddress1=ann@example.com" → row id. */
  readonly keys: Map<string, string>;
  readonly lists: Map<string, MarketingList>;
  counter: number;
}

export function createEnvironment(config: DataverseConfig, clock: Clock, misbehaviour: Misbehaviour): Environment {
  return { config, clock, misbehaviour, rows: new Map(), keys: new Map(), lists: new Map(), counter: 0 };
}

export function clearEnvironment(env: Environment): void {
  for (const held of [env.rows, env.keys, env.lists]) held.clear();
}

export function nextId(env: Environment): string {
  env.counter += 1;
  return `00000000-0000-4000-8000-${env.counter.toString(16).padStart(12, "0")}`;
}

/** Keys compare text without case, as the database does. */
export function keyName(table: string, columns: readonly string[], row: Row): string | undefined {
  const values = columns.map((column) => row[column] ?? null);
  if (values.some((value) => value === null || value === "")) return undefined;
  return `${table}/${columns.map((column, i) => `${column}=${String(values[i]).toLowerCase()}`).join("&")}`;
}

export function keysOf(env: Environment, table: string, row: Row): readonly string[] {
  return (env.config.tables[table]?.keys ?? []).flatMap((columns) => keyName(table, columns, row) ?? []);
}

export function putRow(env: Environment, row: TableRow, columns: Row): void {
  for (const key of keysOf(env, row.table, row.columns)) env.keys.delete(key);
  row.columns = columns;
  env.rows.set(row.id, row);
  for (const key of keysOf(env, row.table, columns)) env.keys.set(key, row.id);
}

export function dropRow(env: Environment, row: TableRow): void {
  for (const key of keysOf(env, row.table, row.columns)) env.keys.delete(key);
  env.rows.delete(row.id);
  for (const list of env.lists.values()) list.members.delete(row.id);
}

const saved = z.object({
  counter: z.int(),
  rows: z.array(z.object({ id: z.string(), table: z.string(), columns: z.record(z.string(), z.json()) })),
  lists: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      dynamic: z.boolean(),
      code: z.number(),
      members: z.array(z.string()),
    }),
  ),
});

export function snapshotEnvironment(env: Environment): Value {
  return {
    counter: env.counter,
    rows: [...env.rows.values()].map((row) => ({ ...row })),
    lists: [...env.lists.values()].map((list) => ({ ...list, members: [...list.members] })),
  };
}

export function restoreEnvironment(env: Environment, snapshot: unknown): void {
  const read = saved.parse(snapshot);
  clearEnvironment(env);
  env.counter = read.counter;
  for (const row of read.rows) putRow(env, { id: row.id, table: row.table, columns: {} }, row.columns as Row);
  for (const list of read.lists) env.lists.set(list.id, { ...list, members: new Set(list.members) });
}
