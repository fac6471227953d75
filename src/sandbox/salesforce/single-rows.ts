import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import { empty, json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { upsertField } from "./collections.ts";
import { breach, fault, notFound, rowFault } from "./errors.ts";
import { fieldOf, type ObjectDef } from "./fields.ts";
import type { Org } from "./org.ts";
import { longId } from "./record-id.ts";
import { findBy } from "./tables.ts";
import { deleteRow, readDraft, writeRow } from "./writing.ts";

const rowSchema = z.record(z.string(), z.json());

/** POST /sobjects/{object} */
export function createOne(org: Org, call: Call): Answer {
  const read = readOne(org, call);
  if ("status" in read) return read;
  if ("Id" in read.draft.fields) return breach(400, "INVALID_FIELD", "cannot specify Id in an insert call");
  const fate = writeRow(org, read.draft, undefined);
  if ("errors" in fate) return rowFault(fate.errors);
  return json(201, { id: fate.id, success: true, errors: [] }, { applied: true, rows: { created: [fate.id] } });
}

/** GET /sobjects/{object}/{id}?fields=… */
export function readById(org: Org, call: Call): Answer {
  const found = locate(org, call);
  return "status" in found ? found : show(call, found.def, found.row);
}

/** PATCH /sobjects/{object}/{id} */
export function updateById(org: Org, call: Call): Answer {
  const found = locate(org, call);
  if ("status" in found) return found;
  const read = readOne(org, call);
  if ("status" in read) return read;
  if ("Id" in read.draft.fields) {
    return breach(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.");
  }
  const fate = writeRow(org, read.draft, found.id);
  if ("errors" in fate) return rowFault(fate.errors, { rejected: [found.id] });
  return empty(204, { applied: true, rows: { updated: [found.id] } });
}

/** DELETE /sobjects/{object}/{id} */
export function deleteById(org: Org, call: Call): Answer {
  const found = locate(org, call);
  return "status" in found ? found : remove(org, found.def, found.id, found.id);
}

/** GET /sobjects/{object}/{field}/{value} */
export function readByExternalId(org: Org, call: Call): Answer {
  const found = matches(org, call);
  if ("status" in found) return found;
  const row = org.tables.table(found.def.name).rows.get(found.ids[0] ?? "");
  return row === undefined ? notFound() : show(call, found.def, row);
}

/**
 * PATCH /sobjects/{object}/{field}/{value}: creates, updates, or answers 300 when several records match.
 * https://developer.salesforce.com/docs/platform/api-rest/guide/resources-sobject-upsert-patch.html
 */
export function upsertOne(org: Org, call: Call): Answer {
  const found = matches(org, call);
  if ("status" in found) return found;
  const read = readOne(org, call);
  if ("status" in read) return read;
  const { fields } = read.draft;
  if ("Id" in fields || found.field in fields) {
    const message = "The external ID or Id field should not be specified in the sobject data.";
    return breach(400, "INVALID_FIELD", message);
  }
  const [id] = found.ids;
  if (id === undefined && call.query.get("updateOnly") === "true") return notFound();
  const draft = id === undefined ? { def: found.def, fields: { ...fields, [found.field]: found.value } } : read.draft;
  const fate = writeRow(org, draft, id);
  if ("errors" in fate) return rowFault(fate.errors, { rejected: [found.value] });
  const rows = fate.created ? { created: [found.value] } : { updated: [found.value] };
  const body = { id: fate.id, success: true, errors: [], created: fate.created };
  return json(fate.created ? 201 : 200, body, { applied: true, rows });
}

/** DELETE /sobjects/{object}/{field}/{value} */
export function deleteByExternalId(org: Org, call: Call): Answer {
  const found = matches(org, call);
  if ("status" in found) return found;
  const [id] = found.ids;
  return id === undefined ? notFound() : remove(org, found.def, id, found.value);
}

function matches(org: Org, call: Call) {
  const { object = "", field: name = "", value = "" } = call.params;
  const def = org.object(object);
  if (def === undefined) return notFound();
  const field = upsertField(def, name);
  if ("status" in field) return field;
  const ids = findBy(org.tables.table(def.name), field.name, value);
  if (ids.length > 1) {
    const version = call.params.version ?? "";
    return json(
      300,
      ids.map((id) => `/services/data/${version}/sobjects/${def.name}/${id}`),
    );
  }
  return { def, field: field.name, value, ids };
}

function locate(org: Org, call: Call) {
  const { object = "", id: given = "" } = call.params;
  const def = org.object(object);
  if (def === undefined) return notFound();
  const id = longId(given);
  if (id === undefined) return fault(400, "MALFORMED_ID", `${given} is not a valid ID for the type ${def.name}`);
  const table = org.tables.table(def.name);
  const row = table.rows.get(id);
  if (row !== undefined) return { def, id, row };
  return table.deleted.has(id) ? fault(404, "ENTITY_IS_DELETED", "entity is deleted") : notFound();
}

function readOne(org: Org, call: Call) {
  const def = org.object(call.params.object ?? "");
  if (def === undefined) return notFound();
  if (!(call.headers["content-type"] ?? "").startsWith("application/json")) {
    return breach(415, "UNSUPPORTED_MEDIA_TYPE", "content type must be application/json");
  }
  const parsed = rowSchema.safeParse(parseJson(call.body));
  if (!parsed.success) return breach(400, "JSON_PARSER_ERROR", z.prettifyError(parsed.error));
  const draft = readDraft(org, def, parsed.data as Row);
  return "errorCode" in draft ? fault(400, draft.errorCode, draft.message) : { draft };
}

function remove(org: Org, def: ObjectDef, id: string, key: string): Answer {
  const fate = deleteRow(org, def.name, id);
  if ("errors" in fate) return rowFault(fate.errors, { rejected: [key] });
  return empty(204, { applied: true, rows: { deleted: [key] } });
}

function show(call: Call, def: ObjectDef, row: Row): Answer {
  const wanted = call.query
    .get("fields")
    ?.split(",")
    .map((name) => name.trim());
  const version = call.params.version ?? "";
  const attributes = { type: def.name, url: `/services/data/${version}/sobjects/${def.name}/${String(row.Id)}` };
  const names = wanted ?? [...def.fields.values()].map((field) => field.name);
  const shown: { [name: string]: Value } = { attributes };
  for (const name of names) {
    const field = fieldOf(def, name);
    if (field === undefined) {
      return fault(400, "INVALID_FIELD", `No such column '${name}' on sobject of type ${def.name}`);
    }
    shown[field.name] = row[field.name] ?? null;
  }
  return json(200, shown);
}
