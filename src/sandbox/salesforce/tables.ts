import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import { numberedId } from "./record-id.ts";

/** The records of one object, with indexes built as lookups ask for them. */
export interface Table {
  readonly object: string;
  readonly rows: Map<string, Row>;
  /** Ids of deleted records. */
  readonly deleted: Set<string>;
  readonly indexes: Map<string, Map<string, Set<string>>>;
}

export interface Tables {
  table(object: string): Table;
  all(): readonly Table[];
  nextId(prefix: string): string;
  snapshot(): Value;
  restore(snapshot: unknown): void;
  reset(): void;
}

const snapshotSchema = z.object({
  counter: z.int(),
  tables: z.record(
    z.string(),
    z.object({ rows: z.record(z.string(), z.record(z.string(), z.json())), deleted: z.array(z.string()) }),
  ),
});

export function createTables(): Tables {
  const tables = new Map<string, Table>();
  let counter = 0;
  const table = (object: string) => {
    const known = tables.get(object);
    if (known !== undefined) return known;
    const made: Table = { object, rows: new Map(), deleted: new Set(), indexes: new Map() };
    tables.set(object, made);
    return made;
  };
  return {
    table,
    all: () => [...tables.values()],
    nextId(prefix) {
      counter += 1;
      return numberedId(prefix, counter);
    },
    snapshot: () => ({
      counter,
      tables: Object.fromEntries(
        [...tables.values()].map(({ object, rows, deleted }) => [
          object,
          { rows: Object.fromEntries(rows), deleted: [...deleted] },
        ]),
      ),
    }),
    restore(snapshot) {
      const saved = snapshotSchema.parse(snapshot);
      counter = saved.counter;
      tables.clear();
      for (const [object, { rows, deleted }] of Object.entries(saved.tables)) {
        const made = table(object);
        for (const [id, row] of Object.entries(rows)) made.rows.set(id, row as Row);
        for (const id of deleted) made.deleted.add(id);
      }
    },
    reset() {
      tables.clear();
    },
  };
}

/** Ids of the records whose field has the value. Text compares exactly, an e-mail address without regard to case. */
export function findBy(table: Table, field: string, value: Value): readonly string[] {
  let index = table.indexes.get(field);
  if (index === undefined) {
    index = new Map();
    table.indexes.set(field, index);
    for (const [id, row] of table.rows) addTo(index, field, id, row);
  }
  return [...(index.get(indexKey(field, value)) ?? [])];
}

/** Writes a record, replacing the one of that id. */
export function putRow(table: Table, id: string, row: Row): void {
  dropFromIndexes(table, id);
  table.rows.set(id, row);
  for (const [field, index] of table.indexes) addTo(index, field, id, row);
}

/** Takes a record out altogether; `deleted` remembers it only if told. */
export function dropRow(table: Table, id: string): void {
  dropFromIndexes(table, id);
  table.rows.delete(id);
}

function dropFromIndexes(table: Table, id: string): void {
  const row = table.rows.get(id);
  if (row === undefined) return;
  for (const [field, index] of table.indexes) {
    const value = row[field];
    if (value !== undefined && value !== null) index.get(indexKey(field, value))?.delete(id);
  }
}

function addTo(index: Map<string, Set<string>>, field: string, id: string, row: Row): void {
  const value = row[field];
  if (value === undefined || value === null) return;
  const key = indexKey(field, value);
  const ids = index.get(key);
  if (ids === undefined) index.set(key, new Set([id]));
  else ids.add(id);
}

function indexKey(field: string, value: Value): string {
  return field === "Email" ? String(value).toLowerCase() : String(value);
}
