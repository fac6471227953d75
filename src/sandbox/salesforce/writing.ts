import type { Row, Value } from "../../core/value.ts";
import { fitsJson, valueError } from "./cells.ts";
import { type RequestFault, type RowError, rowError } from "./errors.ts";
import { type Field, fieldOf, type ObjectDef } from "./fields.ts";
import { asText, type Org, stamp } from "./org.ts";
import { longId } from "./record-id.ts";
import { dropRow, findBy, putRow, type Table } from "./tables.ts";

/** Stands for a parent whose external id nobody has. */
export const NO_PARENT = "000000000000000";

export type Fate =
  | { readonly id: string; readonly created: boolean; readonly undo: () => void }
  | { readonly errors: readonly RowError[] };

/** A record's fields under their own names, ready to write. */
export interface Draft {
  readonly def: ObjectDef;
  readonly fields: Row;
}

/**
 * Reads a record of a JSON body. A field that does not exist, or a value of the wrong type, is a fault of the whole
 * request: Salesforce reads all records before it writes any.
 */
export function readDraft(org: Org, def: ObjectDef, raw: Row): Draft | RequestFault {
  const fields: { [name: string]: Value } = {};
  for (const [name, value] of Object.entries(raw)) {
    if (name === "attributes") continue;
    const parent =
      typeof value === "object" && value !== null && !Array.isArray(value) ? relation(org, def, name) : undefined;
    if (parent !== undefined) {
      fields[parent.name] = resolveParent(org, parent, value as Row);
      continue;
    }
    const field = fieldOf(def, name);
    if (field === undefined) {
      return { errorCode: "INVALID_FIELD", message: `No such column '${name}' on sobject of type ${def.name}` };
    }
    if (!fitsJson(field, value)) return unreadable(field, value);
    fields[field.name] = typed(field, value);
  }
  return { def, fields };
}

/** Creates or updates one record. `id` absent: create. */
export function writeRow(org: Org, draft: Draft, id: string | undefined): Fate {
  const { def } = draft;
  const table = org.tables.table(def.name);
  const before = id === undefined ? undefined : table.rows.get(id);
  if (id !== undefined && before === undefined) return { errors: [missing(table, id)] };
  const errors = rowErrors(org, table, draft, id);
  if (errors.length > 0) return { errors };
  const now = stamp(org.clock);
  const rowId = id ?? org.tables.nextId(def.prefix);
  const after: Row = {
    CreatedDate: now,
    IsDeleted: false,
    ...before,
    ...draft.fields,
    Id: rowId,
    LastModifiedDate: now,
    SystemModstamp: now,
  };
  putRow(table, rowId, withName(def, after));
  const undo = before === undefined ? () => dropRow(table, rowId) : () => putRow(table, rowId, before);
  return { id: rowId, created: before === undefined, undo };
}

/** Deletes one record by any form of its id. */
export function deleteRow(org: Org, object: string, id: string): Fate {
  const table = org.tables.table(object);
  const before = table.rows.get(id);
  if (before === undefined) return { errors: [missing(table, id)] };
  dropRow(table, id);
  table.deleted.add(id);
  const undo = () => {
    table.deleted.delete(id);
    putRow(table, id, before);
  };
  return { id, created: false, undo };
}

/** The record's errors under rules of the object and of the sandbox's misbehaviour. */
function rowErrors(org: Org, table: Table, { def, fields }: Draft, id: string | undefined): readonly RowError[] {
  const told = org.misbehaviour.forRow("salesforce", { ...table.rows.get(id ?? ""), ...fields });
  if (told !== undefined) return [rowError(told.code ?? "UNABLE_TO_LOCK_ROW", told.message)];
  const missingFields = [...def.fields.values()].filter(
    (field) =>
      field.required &&
      (id === undefined ? isEmpty(fields[field.name]) : field.name in fields && isEmpty(fields[field.name])),
  );
  if (missingFields.length > 0) {
    const names = missingFields.map((field) => field.name);
    return [rowError("REQUIRED_FIELD_MISSING", `Required fields are missing: [${names.join(", ")}]`, names)];
  }
  const errors: RowError[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const field = fieldOf(def, name);
    if (field === undefined) continue;
    const error = writable(field, id === undefined) ?? valueError(field, value) ?? referenceError(org, field, value);
    if (error !== undefined) errors.push(error);
    else if (field.unique && value !== null) {
      const holder = findBy(table, field.name, value).find((other) => other !== id);
      if (holder !== undefined) errors.push(duplicate(field.name, holder));
    }
  }
  if (errors.length === 0 && def.name === "CampaignMember" && id === undefined) return memberErrors(table, fields);
  return errors;
}

function writable(field: Field, creating: boolean): RowError | undefined {
  if (creating ? field.createable : field.updateable) return undefined;
  const message = `Unable to create/update fields: ${field.name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`;
  return rowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, [field.name]);
}

function referenceError(org: Org, field: Field, value: Value): RowError | undefined {
  if (field.refersTo === null || value === null) return undefined;
  const id = longId(asText(value));
  if (id === undefined)
    return rowError("MALFORMED_ID", `${field.name}: id value of incorrect type: ${asText(value)}`, [field.name]);
  if (asText(value).startsWith(NO_PARENT)) {
    const message = `Foreign key external ID: as given not found for field of ${field.name} in entity ${field.refersTo}`;
    return rowError("INVALID_FIELD", message);
  }
  if (org.tables.table(field.refersTo).rows.has(id)) return undefined;
  return rowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name]);
}

/** A member is one Lead or one Contact, once per campaign. */
function memberErrors(table: Table, fields: Row): readonly RowError[] {
  const by = isEmpty(fields.ContactId) ? "LeadId" : "ContactId";
  const who = fields[by];
  if (who === undefined || isEmpty(who)) {
    return [
      rowError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LeadId or ContactId]", ["LeadId", "ContactId"]),
    ];
  }
  const twice = findBy(table, by, who).some((id) => table.rows.get(id)?.CampaignId === fields.CampaignId);
  return twice ? [rowError("DUPLICATE_VALUE", "Already a campaign member.", [by])] : [];
}

function missing(table: Table, id: string): RowError {
  if (table.deleted.has(id)) return rowError("ENTITY_IS_DELETED", "entity is deleted");
  return rowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id");
}

function duplicate(field: string, holder: string): RowError {
  const message = `duplicate value found: ${field} duplicates value on record with id: ${holder}`;
  return rowError("DUPLICATE_VALUE", message, [field]);
}

/** `Account: {Ext__c: …}` for AccountId, `Owner__r: {…}` for Owner__c. */
function relation(org: Org, def: ObjectDef, name: string): Field | undefined {
  const wanted = name.endsWith("__r") ? `${name.slice(0, -1)}c` : `${name}Id`;
  const field = def.fields.get(wanted.toLowerCase());
  return field?.refersTo != null && org.object(field.refersTo) !== undefined ? field : undefined;
}

/** An id that exists nowhere stands for a parent that was not found, so that the row, not the request, is refused. */
function resolveParent(org: Org, field: Field, by: Row): Value {
  const [name, value] = Object.entries(by).find(([key]) => key !== "attributes") ?? [];
  if (field.refersTo === null || name === undefined || value === undefined) return NO_PARENT;
  return findBy(org.tables.table(field.refersTo), name, value)[0] ?? NO_PARENT;
}

function unreadable(field: Field, value: Value): RequestFault {
  const kind =
    typeof value === "object"
      ? Array.isArray(value)
        ? "START_ARRAY"
        : "START_OBJECT"
      : `VALUE_${typeof value === "string" ? "STRING" : "NUMBER"}`;
  const shown = typeof value === "object" ? "" : ` value ${asText(value).slice(0, 100)}`;
  const message = `Cannot deserialize instance of ${field.type === "any" ? "string" : field.type} from ${kind}${shown} or request may be missing a required field at [line:1, column:1]`;
  return { errorCode: "JSON_PARSER_ERROR", message };
}

/** Ids are kept in their long form; text fields hold text; the rest as given. */
function typed(field: Field, value: Value): Value {
  if (value === null || value === "") return null;
  if (field.type === "reference" || field.type === "id") return longId(asText(value)) ?? value;
  if (field.type === "int" || field.type === "double" || field.type === "currency") return Number(value);
  if (field.type === "boolean") return value === true || value === "true";
  return field.type === "any" ? value : asText(value);
}

function withName(def: ObjectDef, row: Row): Row {
  if (def.name !== "Contact" && def.name !== "Lead") return row;
  return { ...row, Name: [asText(row.FirstName), asText(row.LastName)].filter((part) => part !== "").join(" ") };
}

function isEmpty(value: Value | undefined): boolean {
  return value === undefined || value === null || value === "";
}
