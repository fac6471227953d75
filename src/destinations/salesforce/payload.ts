import type { Change } from "../../core/change.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Identity } from "./options.ts";

/** Changes as fields of a record. A text, number, boolean or null as it is; lists of a multi-select picklist as `a;b`. */
export function fieldValue(value: Value): string | number | boolean | null {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== "object")) {
    return value.filter((item) => item !== null).join(";");
  }
  return JSON.stringify(value);
}

/** What identifies the record; null when the row has no value for it. */
export function matchValue(change: Change, identity: Identity): string | number | boolean | null {
  if (identity.by === "nothing") return null;
  const value = change.match[identity.by === "id" ? "Id" : identity.field] ?? null;
  const flat = fieldValue(value);
  return flat === "" ? null : flat;
}

/**
 * The fields to write: the mapped ones, and the identifiers that are not the identity. Updates leave identifiers alone,
 * but for those that changed.
 */
export function writtenFields(change: Change, identity: Identity, kind: "create" | "upsert" | "update"): Row {
  if (kind === "update") return { ...newIdentifiers(change), ...change.fields };
  const field = identity.by === "field" ? identity.field : null;
  const others = Object.entries(change.match).filter(
    ([name]) => name !== "Id" && (kind === "create" || name !== field),
  );
  return { ...Object.fromEntries(others), ...change.fields };
}

function newIdentifiers({ match, movedFrom }: Change): Row {
  if (movedFrom === undefined) return {};
  return Object.fromEntries(
    Object.entries(match).filter(([name, value]) => name !== "Id" && value !== (movedFrom[name] ?? null)),
  );
}

/**
 * A record for the collections resources. `Account.Ext__c` becomes {"Account": {"Ext__c": …}}, `User:Owner.Ext__c` carries the type,
 * and a null there clears the reference itself (AccountId, Shop__c).
 * https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm
 */
export function toRecord(object: string, fields: Row, id?: string): Row {
  const record: Record<string, Value> = { attributes: { type: object } };
  if (id !== undefined) record.id = id;
  for (const [name, raw] of Object.entries(fields)) {
    const value = fieldValue(raw);
    const reference = parseReference(name);
    if (reference === null) record[name] = value;
    else if (value === null) record[reference.idField] = null;
    else {
      const type = reference.type === undefined ? {} : { attributes: { type: reference.type } };
      record[reference.relationship] = { ...type, [reference.field]: value };
    }
  }
  return record;
}

interface Reference {
  readonly type?: string;
  readonly relationship: string;
  readonly field: string;
  /** The field that holds the reference: `Account` → AccountId, `Shop__r` → Shop__c. */
  readonly idField: string;
}

export function parseReference(name: string): Reference | null {
  const found = /^(?:(\w+):)?(\w+)\.(\w+)$/.exec(name);
  const [, type, relationship, field] = found ?? [];
  if (relationship === undefined || field === undefined) return null;
  const idField = relationship.endsWith("__r") ? `${relationship.slice(0, -1)}c` : `${relationship}Id`;
  return { ...(type === undefined ? {} : { type }), relationship, field, idField };
}

/** Salesforce Ids have 15 significant characters, and 3 more that only guard their case. */
export const sameId = (a: string, b: string): boolean => a.slice(0, 15) === b.slice(0, 15);
