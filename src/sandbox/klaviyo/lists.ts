import type { Value } from "../../core/value.ts";
import { empty, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, type List, nextId, stamp } from "./account.ts";
import { badBody, breach, document, notFound } from "./errors.ts";
import { readFilter } from "./filters.ts";
import { cutPage } from "./paging.ts";
import { profileKey } from "./profile-writes.ts";
import { findProfiles, profileResource } from "./profiles.ts";
import { listCreateBody, membersBody } from "./schemas.ts";

const MAX_MEMBERS = 1000;
const MEMBER_PAGE = { usual: 20, max: 100 };

/** GET /api/lists, at most ten a page. */
export function listLists(account: Account, call: Call): Answer {
  const filter = readFilter(call.query, ["name", "id"]);
  if (filter !== null && "status" in filter) return filter;
  const wanted = [...account.lists.values()].filter(
    (list) => filter === null || filter.values.includes(filter.field === "id" ? list.id : list.name),
  );
  const page = cutPage(call, wanted, { usual: 10, max: 10 });
  if ("status" in page) return page;
  return document(200, { data: page.items.map((list) => listResource(call, list)), links: page.links });
}

/** POST /api/lists. Two lists may share a name. */
export function createList(account: Account, call: Call): Answer {
  const parsed = listCreateBody.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const { name, opt_in_process: optIn } = parsed.data.data.attributes;
  const list: List = {
    id: nextId(account, "L"),
    name,
    // New lists ask for confirmation unless told otherwise: https://help.klaviyo.com/hc/en-us/articles/115005251108
    optIn: optIn ?? "double_opt_in",
    created: stamp(account),
    members: new Map(),
    pending: new Set(),
    unsubscribed: new Set(),
  };
  account.lists.set(list.id, list);
  return document(201, { data: listResource(call, list) }, { applied: true, rows: { "list created": [list.id] } });
}

/** GET /api/lists/{id} */
export function getList(account: Account, call: Call): Answer {
  return withList(account, call, (list) => {
    const counted = call.query.get("additional-fields[list]") === "profile_count";
    return document(200, { data: listResource(call, list, counted) });
  });
}

/** DELETE /api/lists/{id} */
export function deleteList(account: Account, call: Call): Answer {
  return withList(account, call, (list) => {
    account.lists.delete(list.id);
    return empty(204, { applied: true, rows: { "list deleted": [list.id] } });
  });
}

/** GET /api/lists/{id}/profiles and /api/lists/{id}/relationships/profiles */
export function listMembers(account: Account, call: Call, as: "profiles" | "ids"): Answer {
  return withList(account, call, (list) => {
    const filter = readFilter(call.query, ["email", "phone_number"]);
    if (filter !== null && "status" in filter) return filter;
    const found =
      filter === null ? null : new Set(findProfiles(account, filter.field, filter.values).map(({ id }) => id));
    const ids = [...list.members.keys()].filter((id) => found === null || found.has(id));
    const page = cutPage(call, ids, MEMBER_PAGE);
    if ("status" in page) return page;
    if (as === "ids")
      return document(200, { data: page.items.map((id) => ({ type: "profile", id })), links: page.links });
    const members = page.items.flatMap((id) => account.profiles.get(id) ?? []);
    const data = members.map((profile) => profileResource(call, profile, list.members.get(profile.id)));
    return document(200, { data, links: page.links });
  });
}

/** POST and DELETE /api/lists/{id}/relationships/profiles: membership only, consent is untouched. */
export function changeMembers(account: Account, call: Call, change: "add" | "remove"): Answer {
  return withList(account, call, (list) => {
    const parsed = membersBody.safeParse(parseJson(call.body));
    if (!parsed.success) return badBody(parsed.error);
    const ids = parsed.data.data.map(({ id }) => id);
    if (ids.length > MAX_MEMBERS) return breach(400, `at most ${MAX_MEMBERS} profiles a call`);
    const unknown = ids.find((id) => !account.profiles.has(id));
    if (unknown !== undefined) return notFound("profile", unknown);
    const now = stamp(account);
    for (const id of ids) {
      if (change === "remove") list.members.delete(id);
      else if (!list.members.has(id)) list.members.set(id, now);
    }
    const keys = ids.map((id) => profileKey(account.profiles.get(id)?.attributes ?? {}, id));
    const what = change === "add" ? "added to list" : "removed from list";
    return empty(204, { applied: ids.length > 0, rows: { [what]: keys } });
  });
}

export function listResource(call: Call, list: List, counted = false): Value {
  const self = `${call.base}/api/lists/${list.id}`;
  return {
    type: "list",
    id: list.id,
    attributes: {
      name: list.name,
      created: list.created,
      updated: list.created,
      opt_in_process: list.optIn,
      ...(counted ? { profile_count: list.members.size } : {}),
    },
    relationships: {
      profiles: { links: { self: `${self}/relationships/profiles`, related: `${self}/profiles` } },
      tags: { links: { self: `${self}/relationships/tags`, related: `${self}/tags` } },
    },
    links: { self },
  };
}

function withList(account: Account, call: Call, use: (list: List) => Answer): Answer {
  const id = call.params.id ?? "";
  const list = account.lists.get(id);
  return list === undefined ? notFound("list", id) : use(list);
}
