import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, fault, type RowError, rowError } from "./errors.ts";
import { type Field, fieldOf, type ObjectDef } from "./fields.ts";
import { asText, type Org } from "./org.ts";
import { longId } from "./record-id.ts";
import { findBy } from "./tables.ts";
import { type Draft, deleteRow, type Fate, readDraft, writeRow } from "./writing.ts";

// https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections.html
const MAX_RECORDS = 200;
const MAX_CHUNKS = 10;

const record = z.record(z.string(), z.json()).and(z.object({ attributes: z.object({ type: z.string() }).loose() }));
const bodySchema = z.strictObject({ allOrNone: z.boolean().default(false), records: z.array(record).min(1) });

type Write = (at: number) => Fate;
interface Reading {
  readonly writes: readonly Write[];
  /** How each record is called in the log: its external id, or its id. */
  readonly keys: readonly string[];
  readonly allOrNone: boolean;
  readonly upsert: boolean;
}

/** POST /composite/sobjects */
export function createMany(org: Org, call: Call): Answer {
  const read = readRecords(org, call);
  if ("answer" in read) return read.answer;
  const withId = read.drafts.some(({ fields }) => "Id" in fields);
  if (withId) return breach(400, "INVALID_FIELD", "cannot specify Id in an insert call");
  const writes = read.drafts.map((draft) => () => writeRow(org, draft, undefined));
  return run({ writes, keys: [], allOrNone: read.allOrNone, upsert: false });
}

/** PATCH /composite/sobjects: update by id. */
export function updateMany(org: Org, call: Call): Answer {
  const read = readRecords(org, call);
  if ("answer" in read) return read.answer;
  const ids = read.drafts.map(({ fields }) => asText(fields.Id));
  const writes = read.drafts.map((draft, at) => (): Fate => {
    const { Id: _id, ...fields } = draft.fields;
    const given = ids[at] ?? "";
    if (given === "") return { errors: [rowError("MISSING_ARGUMENT", "Id not specified in an update call")] };
    const id = longId(given);
    if (id === undefined) return { errors: [malformedId(given)] };
    return writeRow(org, { def: draft.def, fields }, id);
  });
  return run({ writes, keys: ids, allOrNone: read.allOrNone, upsert: false });
}

/** PATCH /composite/sobjects/{object}/{external id field} */
export function upsertMany(org: Org, call: Call): Answer {
  const { object = "", field: fieldName = "" } = call.params;
  const def = org.object(object);
  if (def === undefined) return fault(404, "NOT_FOUND", "The requested resource does not exist");
  const field = upsertField(def, fieldName);
  if ("status" in field) return field;
  const read = readRecords(org, call, def);
  if ("answer" in read) return read.answer;
  if (read.drafts.some(({ fields }) => "Id" in fields)) {
    return breach(400, "INVALID_FIELD", "record ids are not supported in an upsert by external id");
  }
  const values = read.drafts.map(({ fields }) => fields[field.name] ?? null);
  const writes = read.drafts.map((draft, at) => () => upsertRow(org, draft, field, values[at] ?? null, values));
  return run({ writes, keys: values.map(asText), allOrNone: read.allOrNone, upsert: true });
}

/** DELETE /composite/sobjects?ids=…&allOrNone=… */
export function deleteMany(org: Org, call: Call): Answer {
  const ids = (call.query.get("ids") ?? "").split(",").filter((id) => id !== "");
  if (ids.length === 0) return breach(400, "MISSING_ARGUMENT", "ids is required");
  if (ids.length > MAX_RECORDS) return tooMany();
  const writes = ids.map((given) => (): Fate => {
    const id = longId(given);
    if (id === undefined) return { errors: [malformedId(given)] };
    const table = org.tables.all().find(({ rows, deleted }) => rows.has(id) || deleted.has(id));
    if (table === undefined) return { errors: [rowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")] };
    return deleteRow(org, table.object, id);
  });
  return run({ writes, keys: ids, allOrNone: call.query.get("allOrNone") === "true", upsert: false, deleting: true });
}

/** The field an upsert may go by, or the refusal. */
export function upsertField(def: ObjectDef, name: string): Field | Answer {
  const field = fieldOf(def, name);
  if (field === undefined) {
    return fault(404, "NOT_FOUND", `Provided external ID field does not exist or is not accessible: ${name}`);
  }
  if (field.type === "id") return breach(400, "INVALID_FIELD", "only external ids are supported, not record ids");
  if (field.externalId || field.idLookup) return field;
  return fault(
    400,
    "INVALID_FIELD",
    `Field name provided, ${name} is not an External ID or indexed field for ${def.name}`,
  );
}

/** One record of an upsert: created, updated, or refused when its external id is absent, repeated or ambiguous. */
export function upsertRow(org: Org, draft: Draft, field: Field, value: Value, all: readonly Value[]): Fate {
  if (value === null || value === "") {
    return { errors: [rowError("MISSING_ARGUMENT", `${field.name} not specified`)] };
  }
  if (all.filter((other) => asText(other) === asText(value)).length > 1) {
    const message = `Duplicate external id specified: ${asText(value)}`;
    return { errors: [rowError("DUPLICATE_VALUE", message, [field.name])] };
  }
  const found = findBy(org.tables.table(draft.def.name), field.name, value);
  if (found.length > 1) {
    const message = `${field.name}: more than one record found for external id field: [${found.join(", ")}]`;
    return { errors: [rowError("DUPLICATE_EXTERNAL_ID", message, [field.name])] };
  }
  return writeRow(org, draft, found[0]);
}

function readRecords(
  org: Org,
  call: Call,
  only?: ObjectDef,
): { readonly drafts: readonly Draft[]; readonly allOrNone: boolean } | { readonly answer: Answer } {
  const type = call.headers["content-type"] ?? "";
  if (!type.startsWith("application/json")) {
    return { answer: breach(415, "UNSUPPORTED_MEDIA_TYPE", "content type must be application/json") };
  }
  const parsed = bodySchema.safeParse(parseJson(call.body));
  if (!parsed.success) return { answer: breach(400, "JSON_PARSER_ERROR", z.prettifyError(parsed.error)) };
  const { records, allOrNone } = parsed.data;
  if (records.length > MAX_RECORDS) return { answer: tooMany() };
  const drafts: Draft[] = [];
  let chunks = 0;
  for (const [at, raw] of records.entries()) {
    const name = raw.attributes.type;
    if (name !== records[at - 1]?.attributes.type) chunks += 1;
    const def = org.object(name);
    if (def === undefined) return { answer: fault(400, "INVALID_TYPE", `sObject type '${name}' is not supported.`) };
    if (only !== undefined && def !== only) {
      return { answer: breach(400, "INVALID_TYPE", "records of another type than the URI's") };
    }
    const draft = readDraft(org, def, raw as Row);
    if ("errorCode" in draft) return { answer: fault(400, draft.errorCode, draft.message) };
    drafts.push(draft);
  }
  if (chunks > MAX_CHUNKS)
    return { answer: breach(400, "LIMIT_EXCEEDED", `more than ${MAX_CHUNKS} chunks of one type each`) };
  return { drafts, allOrNone };
}

/** Applies the writes in order. With allOrNone one failure undoes the rest. */
function run({ writes, keys, allOrNone, upsert, deleting }: Reading & { readonly deleting?: boolean }): Answer {
  const fates = writes.map((write, at) => write(at));
  const failed = fates.some((fate) => "errors" in fate);
  const rolledBack = allOrNone && failed;
  if (rolledBack) {
    for (const fate of fates.toReversed()) if ("undo" in fate) fate.undo();
  }
  const results = fates.map((fate) => result(fate, rolledBack, upsert));
  const done = fates.map((fate) =>
    rolledBack || "errors" in fate ? "rejected" : deleting ? "deleted" : fate.created ? "created" : "updated",
  );
  const rows: Record<string, string[]> = {};
  for (const [at, what] of done.entries()) {
    const fate = fates[at];
    const key = keys[at] ?? (fate !== undefined && "id" in fate ? fate.id : "");
    rows[what] = [...(rows[what] ?? []), key];
  }
  return json(200, results, { applied: done.some((what) => what !== "rejected"), rows });
}

function result(fate: Fate, rolledBack: boolean, upsert: boolean): Value {
  if ("errors" in fate) return { success: false, errors: fate.errors.map(errorValue) };
  if (rolledBack) {
    const message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
    return { success: false, errors: [errorValue(rowError("ALL_OR_NONE_OPERATION_ROLLED_BACK", message))] };
  }
  return { id: fate.id, success: true, errors: [], ...(upsert ? { created: fate.created } : {}) };
}

function errorValue({ statusCode, message, fields }: RowError): Value {
  return { statusCode, message, fields };
}

function malformedId(id: string): RowError {
  return rowError("MALFORMED_ID", `bad id ${id}`, ["Id"]);
}

function tooMany(): Answer {
  const message = `record limit reached. cannot submit more than ${MAX_RECORDS} records into this call`;
  return breach(400, "EXCEEDED_ID_LIMIT", message);
}
