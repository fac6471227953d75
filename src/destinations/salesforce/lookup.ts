import type { Change } from "../../core/change.ts";
import type { Row } from "../../core/value.ts";
import type { AccountCtx } from "../connector.ts";
import type { SalesforceAccount } from "./account.ts";
import type { Identity } from "./options.ts";
import { fieldValue, matchValue } from "./payload.ts";
import { inQueries, query, valueAt } from "./soql.ts";

/** What is there for a change: no record, one, or several that cannot be told apart. */
export type Found =
  | { readonly count: 0 }
  | { readonly count: 1; readonly record: Row; readonly id: string }
  | { readonly count: 2 };

const none: Found = { count: 0 };

export interface LookUp {
  readonly object: string;
  readonly identity: Identity;
  /** id: by the record's Id where it is known; field: always by the identifier. */
  readonly prefer: "id" | "field";
  /** Read besides Id and identifier. */
  readonly fields?: readonly string[];
}

/** The records of these changes, by seq. */
export async function lookUp(
  ctx: AccountCtx<SalesforceAccount>,
  what: LookUp,
  changes: readonly Change[],
): Promise<ReadonlyMap<number, Found>> {
  const { identity, object } = what;
  const found = new Map<number, Found>();
  const byId: { seq: number; value: string }[] = [];
  const byField: { seq: number; value: string | number | boolean }[] = [];
  for (const change of changes) {
    const id = what.prefer === "id" || identity.by !== "field" ? knownId(change, identity) : null;
    const value = identity.by === "field" ? matchValue(change, identity) : null;
    if (id !== null) byId.push({ seq: change.seq, value: id });
    else if (value !== null) byField.push({ seq: change.seq, value });
  }
  for (const change of changes) found.set(change.seq, none);
  const parts = [
    { field: "Id", wanted: byId, fold: (text: string) => text.slice(0, 15) },
    { field: identity.by === "field" ? identity.field : "Id", wanted: byField, fold: (text: string) => text },
  ];
  for (const { field, wanted, fold } of parts) {
    const values = wanted.map((one) => one.value);
    const index = new RecordIndex(fold);
    const select = [...new Set(["Id", field, ...(what.fields ?? [])])];
    for (const statement of inQueries(object, select, field, values)) {
      for (const record of await query(ctx, statement)) index.add(textAt(record, field), record);
    }
    for (const { seq, value } of wanted) found.set(seq, index.get(String(value)));
  }
  return found;
}

/** The record's Id where it is known without asking. */
export function knownId(change: Change, identity: Identity): string | null {
  if (identity.by === "id") {
    const id = matchValue(change, identity);
    return typeof id === "string" ? id : null;
  }
  return change.externalId ?? null;
}

/** Records by identifier. Salesforce compares most texts without case, so a value without an exact match is tried folded. */
export class RecordIndex {
  readonly #exact = new Map<string, Row[]>();
  readonly #folded = new Map<string, Row[]>();
  readonly #fold: (text: string) => string;

  constructor(fold: (text: string) => string) {
    this.#fold = fold;
  }

  add(text: string, record: Row): void {
    const value = this.#fold(text);
    push(this.#exact, value, record);
    push(this.#folded, value.toLowerCase(), record);
  }

  get(text: string): Found {
    const value = this.#fold(text);
    const records = this.#exact.get(value) ?? this.#folded.get(value.toLowerCase()) ?? [];
    const [record] = records;
    if (record === undefined) return none;
    if (records.length > 1) return { count: 2 };
    const id = record.Id;
    return typeof id === "string" ? { count: 1, record, id } : none;
  }
}

function push(map: Map<string, Row[]>, name: string, record: Row): void {
  const list = map.get(name);
  if (list === undefined) map.set(name, [record]);
  else list.push(record);
}

const textAt = (record: Row, field: string): string => String(fieldValue(valueAt(record, field)) ?? "");
