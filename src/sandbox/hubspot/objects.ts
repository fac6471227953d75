import { z } from "zod";
import type { Row, Value } from "../../core/value.ts";
import { empty, json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, notThere, problem, rowProblem } from "./errors.ts";
import {
  type CrmRecord,
  dropRecord,
  indexRecord,
  nextId,
  now,
  type Portal,
  typeOf,
  unindexRecord,
  uniqueKey,
} from "./portal.ts";
import { conflictOf, flawOf, invalidMessage } from "./properties.ts";

const MAX_INPUTS = 100;
const properties = z.record(z.string(), z.string());
const writeBody = z.strictObject({
  inputs: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        idProperty: z.string().optional(),
        objectWriteTraceId: z.string().optional(),
        properties,
      }),
    )
    .min(1),
});
const readBody = z.strictObject({
  idProperty: z.string().optional(),
  inputs: z.array(z.strictObject({ id: z.string().min(1) })).min(1),
  properties: z.array(z.string()),
  propertiesWithHistory: z.array(z.string()),
});
const idsBody = z.strictObject({ inputs: z.array(z.strictObject({ id: z.string().min(1) })).min(1) });
type Input = z.infer<typeof writeBody>["inputs"][number];

/** GET /crm/v3/objects/{objectType} */
export function listObjects(portal: Portal, call: Call): Answer {
  const type = typeOf(portal, call.params.object ?? "");
  if (type === undefined) return unknownType(call);
  const limit = Number(call.query.get("limit") ?? 10);
  const all = [...portal.records.values()].filter((record) => record.type === type);
  return json(200, { results: all.slice(0, limit).map((record) => shown(record)) });
}

/** POST …/batch/upsert and …/batch/update: 207 where some inputs are refused and all have a trace id, else all or nothing. */
export function writeObjects(portal: Portal, call: Call, how: "upsert" | "update"): Answer {
  const type = typeOf(portal, call.params.object ?? "");
  if (type === undefined) return unknownType(call);
  const body = writeBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(`Invalid input JSON: ${body.error.issues[0]?.path.join(".")}`);
  const { inputs } = body.data;
  if (inputs.length > MAX_INPUTS) return breach(`The maximum number of inputs supported is ${MAX_INPUTS}`);
  const wrong = inputs.map((input) => idFault(portal, type, input, how)).find((fault) => fault !== undefined);
  if (wrong !== undefined) return breach(wrong);
  const names = inputs.map((input) => input.id.trim().toLowerCase());
  if (new Set(names).size < names.length) return breach("Duplicate IDs found in batch input");
  const traced = inputs.every((input) => input.objectWriteTraceId !== undefined);
  const judged = inputs.map((input) => ({ input, ...judge(portal, type, input, how) }));
  const [first] = judged.flatMap(({ refusal }) => refusal ?? []);
  const missing = judged.find(({ flawed }) => flawed === "PROPERTY_DOESNT_EXIST" || flawed === "READ_ONLY_VALUE");
  // A property that is not there refuses the request: it is the same for every row.
  if (first !== undefined && (!traced || missing !== undefined)) {
    const message = missing?.refusal?.message ?? first.message;
    return problem(400, "VALIDATION_ERROR", message, {});
  }
  const results = judged.flatMap(({ input, record, refusal }) =>
    refusal === undefined ? [apply(portal, type, input, record, how)] : [],
  );
  const errors = judged.flatMap(({ input, refusal }) =>
    refusal === undefined
      ? []
      : [
          rowProblem(refusal.category, refusal.message, {
            ...refusal.context,
            objectWriteTraceId: [input.objectWriteTraceId ?? ""],
          }),
        ],
  );
  const at = now(portal);
  const common = { status: "COMPLETE", results: results.map(({ shown: one }) => one), startedAt: at, completedAt: at };
  const rows = {
    created: results.filter((one) => one.created).map((one) => one.key),
    updated: results.filter((one) => !one.created).map((one) => one.key),
    rejected: judged.filter(({ refusal }) => refusal !== undefined).map(({ input }) => input.id),
  };
  const extras = { applied: results.length > 0, rows };
  return errors.length === 0
    ? json(200, common, extras)
    : json(207, { ...common, errors, numErrors: errors.length }, extras);
}

function idFault(portal: Portal, type: string, input: Input, how: "upsert" | "update"): string | undefined {
  const { idProperty } = input;
  if (idProperty === undefined) return how === "upsert" ? "idProperty is required" : undefined;
  const unique = portal.config.unique[type] ?? [];
  // https://github.com/segmentio/action-destinations/pull/3957
  if (!unique.includes(idProperty))
    return `Unable to perform update/upsert by non-unique ${type} property ${idProperty}`;
  if (how === "update" && idProperty === "email")
    return `Unable to perform update/upsert by non-unique ${type} property email`;
  return undefined;
}

interface Refusal {
  readonly category: string;
  readonly message: string;
  readonly context: Row;
}

function judge(
  portal: Portal,
  type: string,
  input: Input,
  how: "upsert" | "update",
): { readonly record: CrmRecord | undefined; readonly refusal?: Refusal; readonly flawed?: string } {
  const record = findRecord(portal, type, input.idProperty, input.id);
  if (record === undefined && how === "update") {
    const message = "Could not get some objects, they may be deleted or not exist. Check that ids are valid.";
    return { record, refusal: { category: "OBJECT_NOT_FOUND", message, context: { ids: [input.id] } } };
  }
  const written =
    input.idProperty === undefined ? input.properties : { [input.idProperty]: input.id, ...input.properties };
  const flaw = flawOf(portal, type, written);
  if (flaw !== undefined) {
    const refusal = { category: "VALIDATION_ERROR", message: invalidMessage(flaw), context: {} };
    return { record, refusal, flawed: flaw.error };
  }
  const taken = conflictOf(portal, type, written, record);
  if (taken === undefined) return { record };
  const message = `${written[taken]} is already the ${taken} of another record`;
  return { record, refusal: { category: "CONFLICT", message, context: {} } };
}

function apply(portal: Portal, type: string, input: Input, found: CrmRecord | undefined, how: "upsert" | "update") {
  const at = now(portal);
  const record = found ?? { id: nextId(portal), type, created: at, updated: at, properties: {} };
  unindexRecord(portal, record);
  const own = how === "upsert" && input.idProperty !== undefined ? { [input.idProperty]: input.id } : {};
  const merged = { ...record.properties, ...own, ...input.properties };
  if (merged.email !== undefined) merged.email = merged.email.toLowerCase();
  record.properties = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
  record.updated = at;
  portal.records.set(record.id, record);
  indexRecord(portal, record);
  const trace = input.objectWriteTraceId === undefined ? {} : { objectWriteTraceId: input.objectWriteTraceId };
  const created = found === undefined;
  return { shown: { ...shown(record), new: created, ...trace }, created, key: input.id };
}

/** POST …/batch/read: 207 names what is not there. */
export function readObjects(portal: Portal, call: Call): Answer {
  const type = typeOf(portal, call.params.object ?? "");
  if (type === undefined) return unknownType(call);
  const body = readBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(`Invalid input JSON: ${body.error.issues[0]?.path.join(".")}`);
  const { idProperty, inputs } = body.data;
  if (inputs.length > MAX_INPUTS) return breach(`The maximum number of inputs supported is ${MAX_INPUTS}`);
  if (idProperty !== undefined && !(portal.config.unique[type] ?? []).includes(idProperty))
    return breach(`${idProperty} is not a unique property`);
  const found = inputs.map(({ id }) => findRecord(portal, type, idProperty, id));
  const absent = inputs.flatMap(({ id }, at) => (found[at] === undefined ? [id] : []));
  const at = now(portal);
  const results = found.flatMap((record) => (record === undefined ? [] : [shown(record, body.data.properties)]));
  const common = { status: "COMPLETE", results, startedAt: at, completedAt: at };
  if (absent.length === 0) return json(200, common);
  const message = "Could not get some objects, they may be deleted or not exist. Check that ids are valid.";
  return json(207, { ...common, errors: [rowProblem("OBJECT_NOT_FOUND", message, { ids: absent })], numErrors: 1 });
}

/** POST …/batch/archive: 204, also for what is not there. */
export function archiveObjects(portal: Portal, call: Call): Answer {
  const type = typeOf(portal, call.params.object ?? "");
  if (type === undefined) return unknownType(call);
  const body = idsBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("Invalid input JSON");
  if (body.data.inputs.length > MAX_INPUTS) return breach(`The maximum number of inputs supported is ${MAX_INPUTS}`);
  const dropped = body.data.inputs.flatMap(({ id }) => findRecord(portal, type, undefined, id) ?? []);
  for (const record of dropped) dropRecord(portal, record);
  return empty(204, { applied: dropped.length > 0, rows: { archived: dropped.map((record) => record.id) } });
}

const erasureBody = z.strictObject({ objectId: z.string().min(1), idProperty: z.string().optional() });

/** POST /crm/v3/objects/contacts/gdpr-delete */
export function eraseContact(portal: Portal, call: Call): Answer {
  const body = erasureBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("Invalid input JSON");
  const { objectId, idProperty } = body.data;
  const record = findRecord(portal, "0-1", idProperty, objectId);
  if (record === undefined && idProperty !== "email") return notThere("resource not found");
  const email = idProperty === "email" ? objectId.toLowerCase() : record?.properties.email;
  if (record !== undefined) dropRecord(portal, record);
  if (email !== undefined) portal.blocked.add(email);
  return empty(204, { applied: true, rows: { erased: [objectId] } });
}

export function findRecord(
  portal: Portal,
  type: string,
  property: string | undefined,
  value: string,
): CrmRecord | undefined {
  const id =
    property === undefined || property === "hs_object_id" ? value : portal.unique.get(uniqueKey(type, property, value));
  const record = id === undefined ? undefined : portal.records.get(id);
  return record?.type === type ? record : undefined;
}

function shown(record: CrmRecord, wanted?: readonly string[]): { readonly [name: string]: Value } {
  const own = { ...record.properties, hs_object_id: record.id };
  const asked = wanted === undefined ? {} : Object.fromEntries(wanted.map((name) => [name, null]));
  const picked = Object.entries(own).filter(
    ([name]) => wanted === undefined || wanted.includes(name) || name === "hs_object_id",
  );
  return {
    id: record.id,
    properties: { ...asked, ...Object.fromEntries(picked) },
    createdAt: record.created,
    updatedAt: record.updated,
    archived: false,
  };
}

export function unknownType(call: Call): Answer {
  return problem(400, "VALIDATION_ERROR", `Unable to infer object type from: ${call.params.object}`, {
    errors: [{ message: "Unable to infer object type", code: "UNABLE_TO_INFER_OBJECT_TYPE" }],
  });
}
