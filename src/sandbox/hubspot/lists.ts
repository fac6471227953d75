import { z } from "zod";
import type { Value } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, notThere, problem } from "./errors.ts";
import { type CrmList, nextId, now, type Portal, typeOf } from "./portal.ts";

/** Not published; a real request of this size has been seen to pass. */
const MAX_MEMBERS = 100_000;

const createBody = z.object({
  name: z.string().min(1),
  objectTypeId: z.string(),
  processingType: z.enum(["MANUAL", "SNAPSHOT", "DYNAMIC"]),
});

/** POST /crm/v3/lists/ */
export function createList(portal: Portal, call: Call): Answer {
  const body = createBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("Invalid input JSON");
  const { name, objectTypeId, processingType } = body.data;
  if (typeOf(portal, objectTypeId) !== objectTypeId) return breach(`unknown object type ${objectTypeId}`);
  if (findByName(portal, objectTypeId, name) !== undefined)
    return problem(400, "VALIDATION_ERROR", "List name is already in use", {});
  const list: CrmList = {
    id: nextId(portal),
    name,
    type: objectTypeId,
    processing: processingType,
    members: new Set(),
  };
  portal.lists.set(list.id, list);
  return json(200, { list: shown(portal, list) }, { applied: true, rows: { created: [name] } });
}

export function getList(portal: Portal, call: Call): Answer {
  const list = portal.lists.get(call.params.id ?? "");
  return list === undefined ? notThere("List does not exist") : json(200, { list: shown(portal, list) });
}

export function getListByName(portal: Portal, call: Call): Answer {
  const list = findByName(portal, call.params.type ?? "", decodeURIComponent(call.params.name ?? ""));
  return list === undefined ? notThere("List does not exist") : json(200, { list: shown(portal, list) });
}

/** PUT /crm/v3/lists/{listId}/memberships/add and /remove: members and strangers are ignored, and strangers named. */
export function changeMembers(portal: Portal, call: Call, how: "add" | "remove"): Answer {
  const list = portal.lists.get(call.params.id ?? "");
  if (list === undefined) return notThere("List does not exist");
  if (list.processing === "DYNAMIC") return problem(400, "VALIDATION_ERROR", "The list is not MANUAL or SNAPSHOT", {});
  const body = z.array(z.string().regex(/^\d+$/)).safeParse(parseJson(call.body));
  if (!body.success) return breach("the body must be a list of record ids");
  if (body.data.length > MAX_MEMBERS) return breach(`at most ${MAX_MEMBERS} records`);
  const known = body.data.filter((id) => portal.records.get(id)?.type === list.type);
  const missing = body.data.filter((id) => portal.records.get(id)?.type !== list.type);
  const changed = known.filter((id) => list.members.has(id) === (how === "remove"));
  for (const id of changed) {
    if (how === "add") list.members.add(id);
    else list.members.delete(id);
  }
  const reply = {
    recordsIdsAdded: how === "add" ? changed : [],
    recordIdsRemoved: how === "remove" ? changed : [],
    recordIdsMissing: missing,
  };
  return json(200, reply, { applied: changed.length > 0, rows: { [how === "add" ? "added" : "removed"]: changed } });
}

function findByName(portal: Portal, type: string, name: string): CrmList | undefined {
  return [...portal.lists.values()].find((list) => list.type === type && list.name === name);
}

function shown(portal: Portal, list: CrmList): Value {
  const { id, name, type, processing } = list;
  const at = now(portal);
  return {
    listId: id,
    listVersion: 1,
    name,
    objectTypeId: type,
    processingType: processing,
    processingStatus: "COMPLETE",
    createdAt: at,
    updatedAt: at,
  };
}
