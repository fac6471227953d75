import type { Row, Value } from "../../core/value.ts";
import type { JobFate } from "../core/misbehaviour.ts";
import { cellValue } from "./cells.ts";
import { upsertField, upsertRow } from "./collections.ts";
import { type ColumnDelimiter, type LineEnding, readCsv } from "./csv.ts";
import { type RowError, rowError } from "./errors.ts";
import { fieldOf, type ObjectDef } from "./fields.ts";
import { asText, type Org } from "./org.ts";
import { longId } from "./record-id.ts";
import { deleteRow, type Fate, NO_PARENT, writeRow } from "./writing.ts";

export type BulkOperation = "insert" | "update" | "upsert" | "delete" | "hardDelete";

export interface BulkTask {
  readonly object: string;
  readonly operation: BulkOperation;
  readonly externalIdFieldName?: string | undefined;
  readonly columnDelimiter: ColumnDelimiter;
  readonly lineEnding: LineEnding;
}

export interface BulkOutcome {
  /** Why the job as a whole failed; null: it went through. */
  readonly error: string | null;
  readonly header: readonly string[];
  readonly successful: readonly { readonly id: string; readonly created: boolean; readonly cells: readonly string[] }[];
  readonly failed: readonly { readonly id: string; readonly error: string; readonly cells: readonly string[] }[];
  readonly unprocessed: readonly (readonly string[])[];
  /** How the log calls the rows: external id, id or position. */
  readonly keys: { readonly successful: readonly string[]; readonly failed: readonly string[] };
}

// https://developer.salesforce.com/docs/atlas.en-us.api_bulk_v2.meta/api_bulk_v2/bulk_api_2_limits.htm
const MAX_FIELD_CHARS = 32_000;
const MAX_FIELDS = 5000;
const MAX_RECORD_CHARS = 400_000;

/** Runs a job's rows, each on its own: there is no all-or-none in bulk. */
export function runBulk(org: Org, task: BulkTask, csv: string, fate: JobFate): BulkOutcome {
  const read = readCsv(csv, task.columnDelimiter, task.lineEnding);
  if (typeof read === "string") return failedJob(read, [], []);
  const { header, rows } = read;
  const def = org.object(task.object);
  if (def === undefined) return failedJob(`InvalidJob : Unable to find object: ${task.object}`, header, rows);
  const fault = headerFault(org, def, task, header);
  if (fault !== undefined) return failedJob(fault, header, rows);

  const upToRow = fate.fail === undefined ? rows.length : Math.min(fate.fail.processed, rows.length);
  const keyColumn = task.operation === "upsert" ? (task.externalIdFieldName ?? "") : "Id";
  const keyAt = header.findIndex((name) => name.toLowerCase() === keyColumn.toLowerCase());
  const counts = new Map<string, number>();
  for (const cells of rows) counts.set(cells[keyAt] ?? "", (counts.get(cells[keyAt] ?? "") ?? 0) + 1);
  const successful: BulkOutcome["successful"][number][] = [];
  const failed: BulkOutcome["failed"][number][] = [];
  const keys = { successful: [] as string[], failed: [] as string[] };
  for (const [at, cells] of rows.slice(0, upToRow).entries()) {
    const key = keyAt < 0 ? String(at + 1) : (cells[keyAt] ?? "");
    const done = runRow(org, def, task, header, cells, key, (counts.get(key) ?? 0) > 1);
    if ("errors" in done) {
      const id = task.operation === "upsert" || task.operation === "insert" ? "" : key;
      failed.push({ id, error: done.errors.map(errorText).join(";"), cells });
      keys.failed.push(key);
    } else {
      successful.push({ id: done.id, created: done.created, cells });
      keys.successful.push(key);
    }
  }
  return { error: fate.fail?.message ?? null, header, successful, failed, unprocessed: rows.slice(upToRow), keys };
}

function failedJob(error: string, header: readonly string[], rows: readonly (readonly string[])[]): BulkOutcome {
  return { error, header, successful: [], failed: [], unprocessed: rows, keys: { successful: [], failed: [] } };
}

function headerFault(org: Org, def: ObjectDef, task: BulkTask, header: readonly string[]): string | undefined {
  if (header.length > MAX_FIELDS) return `InvalidBatch : more than ${MAX_FIELDS} fields`;
  const unknown = header.find((name) => fieldOf(def, name) === undefined && parentField(org, def, name) === undefined);
  if (unknown !== undefined) return `InvalidBatch : Field name not found : ${unknown}`;
  const has = (name: string) => header.some((column) => column.toLowerCase() === name.toLowerCase());
  if (task.operation === "upsert") {
    const field = upsertField(def, task.externalIdFieldName ?? "");
    if ("status" in field) return `InvalidJob : Invalid external id field: ${task.externalIdFieldName ?? ""}`;
    if (!has(field.name)) return `InvalidBatch : Field name not found : ${field.name}`;
  } else if (task.operation !== "insert" && !has("Id")) {
    return "InvalidBatch : Field name not found : Id";
  }
  return undefined;
}

function runRow(
  org: Org,
  def: ObjectDef,
  task: BulkTask,
  header: readonly string[],
  cells: readonly string[],
  key: string,
  repeated: boolean,
): Fate {
  if (cells.some((cell) => cell.length > MAX_FIELD_CHARS) || cells.join("").length > MAX_RECORD_CHARS) {
    return { errors: [rowError("STRING_TOO_LONG", "the record is larger than Bulk API 2.0 allows")] };
  }
  const fields: { [name: string]: Value } = {};
  for (const [at, name] of header.entries()) {
    const cell = cells[at] ?? "";
    const field = fieldOf(def, name);
    if (field === undefined) {
      const parent = parentField(org, def, name);
      if (parent !== undefined && cell !== "") fields[parent.name] = parent.find(cell);
      continue;
    }
    const read = cellValue(field, cell);
    if ("error" in read) return { errors: [read.error] };
    if (read.value !== undefined) fields[field.name] = read.value;
  }
  if (task.operation === "insert") return writeRow(org, { def, fields }, undefined);
  if (task.operation === "upsert") {
    const field = upsertField(def, task.externalIdFieldName ?? "");
    if ("status" in field) return { errors: [rowError("INVALID_FIELD", "not an external id")] };
    return upsertRow(org, { def, fields }, field, fields[field.name] ?? null, repeated ? [key, key] : [key]);
  }
  const id = longId(key);
  if (id === undefined) return { errors: [rowError("MALFORMED_ID", `bad id ${key}`, ["Id"])] };
  if (task.operation !== "update") return deleteRow(org, def.name, id);
  const { Id: _id, ...rest } = fields;
  return writeRow(org, { def, fields: rest as Row }, id);
}

/** `Account.Ext__c` names a parent by its external id. */
function parentField(org: Org, def: ObjectDef, name: string) {
  const [relation = "", by] = name.split(".", 2);
  const holder = relation.endsWith("__r") ? `${relation.slice(0, -1)}c` : `${relation}Id`;
  const field = by === undefined ? undefined : def.fields.get(holder.toLowerCase());
  if (field?.refersTo == null || by === undefined) return undefined;
  const parents = org.tables.table(field.refersTo);
  const find = (value: string): Value =>
    [...parents.rows].find(([, row]) => asText(row[by]) === value)?.[0] ?? NO_PARENT;
  return { name: field.name, find };
}

function errorText({ statusCode, message, fields }: RowError): string {
  return `${statusCode}:${message}:${fields.join(",")} --`;
}
