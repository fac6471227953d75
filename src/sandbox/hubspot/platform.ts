import type { Clock } from "../../core/clock.ts";
import type { Value } from "../../core/value.ts";
import { json, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createAccess } from "./access.ts";
import { associate } from "./associations.ts";
import type { HubspotConfig } from "./config.ts";
import { limited, notThere, problem } from "./errors.ts";
import { eventDefinition, sendEvents } from "./events.ts";
import { changeMembers, createList, getList, getListByName } from "./lists.ts";
import { archiveObjects, eraseContact, listObjects, readObjects, writeObjects } from "./objects.ts";
import { clearPortal, createPortal, type Portal, restorePortal, snapshotPortal } from "./portal.ts";
import { listProperties } from "./property-list.ts";
import { readStatuses, subscriptionTypes, writeStatuses } from "./subscriptions.ts";

const SHOWN = 20;
const DATED = "2026-03";

type Handler = (portal: Portal, call: Call) => Answer;

/** method, area, version before dates, path, handler: /crm/v3/objects/… and /crm/objects/2026-03/… are one resource. */
const operations: readonly (readonly [Route["method"], string, string, string, Handler])[] = [
  ["GET", "crm/objects", "v3", "/:object", listObjects],
  ["POST", "crm/objects", "v3", "/:object/batch/upsert", (portal, call) => writeObjects(portal, call, "upsert")],
  ["POST", "crm/objects", "v3", "/:object/batch/update", (portal, call) => writeObjects(portal, call, "update")],
  ["POST", "crm/objects", "v3", "/:object/batch/read", readObjects],
  ["POST", "crm/objects", "v3", "/:object/batch/archive", archiveObjects],
  ["GET", "crm/properties", "v3", "/:object", listProperties],
  ["POST", "crm/lists", "v3", "/", createList],
  ["GET", "crm/lists", "v3", "/:id", getList],
  ["GET", "crm/lists", "v3", "/object-type-id/:type/name/:name", getListByName],
  ["PUT", "crm/lists", "v3", "/:id/memberships/add", (portal, call) => changeMembers(portal, call, "add")],
  ["PUT", "crm/lists", "v3", "/:id/memberships/remove", (portal, call) => changeMembers(portal, call, "remove")],
  ["POST", "crm/associations", "v4", "/:from/:to/batch/associate/default", (p, call) => associate(p, call, "default")],
  ["POST", "crm/associations", "v4", "/:from/:to/batch/create", (p, call) => associate(p, call, "create")],
  ["POST", "crm/associations", "v4", "/:from/:to/batch/archive", (p, call) => associate(p, call, "archive")],
  ["POST", "crm/associations", "v4", "/:from/:to/batch/labels/archive", (p, call) => associate(p, call, "unlabel")],
  ["GET", "communication-preferences", "v4", "/definitions", subscriptionTypes],
  ["POST", "communication-preferences", "v4", "/statuses/batch/write", writeStatuses],
  ["POST", "communication-preferences", "v4", "/statuses/batch/read", readStatuses],
];

/** The HubSpot stand-in: records, lists, associations, subscriptions, erasure; burst and daily limits as documented. */
export function createHubspot(config: HubspotConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const portal = createPortal(config, clock, misbehaviour);
  const access = createAccess(portal);
  const route = (method: Route["method"], path: string, handler: Handler): Route => ({
    method,
    path,
    handle: (call) => access.guard(call) ?? handler(portal, call),
  });
  const routes = operations.flatMap(([method, area, version, path, handler]) => {
    const [root = "", ...rest] = area.split("/");
    const old = [root, version, ...rest].join("/");
    return [route(method, `/${old}${path}`, handler), route(method, `/${area}/${DATED}${path}`, handler)];
  });
  return {
    name: "hubspot",
    title: "HubSpot",
    routes: [
      ...routes,
      route("POST", "/crm/v3/objects/contacts/gdpr-delete", eraseContact),
      route("POST", "/events/v3/send/batch", sendEvents),
      route("GET", "/events/v3/event-definitions/:name", eventDefinition),
      route("GET", "/account-info/v3/details", () => json(200, { portalId: config.portal_id, timeZone: "UTC" })),
      { method: "POST", path: "/oauth/v1/token", signIn: true, handle: access.token },
      {
        method: "ANY",
        path: "/*",
        handle: (call) => violated(notThere(`no resource ${call.path}`), "the sandbox knows no such resource"),
      },
    ],
    refuse: (status) =>
      status === 429 ? limited("TEN_SECONDLY_ROLLING") : problem(status, "TOLD", `answered ${status} as told`),
    expireTokens: () =>
      access.expire()
        ? problem(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired.")
        : undefined,
    state: () => portalState(portal),
    snapshot: () => snapshotPortal(portal),
    restore: (snapshot) => restorePortal(portal, snapshot),
    reset() {
      clearPortal(portal);
      access.reset();
    },
    page() {
      const records = [...portal.records.values()].slice(-SHOWN).reverse();
      return {
        summary: `${portal.records.size} records, ${portal.lists.size} lists, ${portal.links.size} associations, ${portal.events.length} events`,
        tables: [
          {
            title: "Lists",
            columns: ["id", "name", "object", "members"],
            rows: [...portal.lists.values()].map((list) => [list.id, list.name, list.type, String(list.members.size)]),
          },
          {
            title: "Records",
            note: `The last ${records.length}.`,
            columns: ["id", "object", "properties"],
            rows: records.map((record) => [record.id, record.type, JSON.stringify(record.properties).slice(0, 300)]),
          },
        ],
      };
    },
  };
}

function portalState(portal: Portal): Value {
  return {
    records: [...portal.records.values()].map(({ id, type, properties }) => ({ id, object: type, properties })),
    lists: [...portal.lists.values()].map(({ id, name, type, members }) => ({
      id,
      name,
      object: type,
      members: [...members],
    })),
    associations: [...portal.links].map(([pair, types]) => ({ pair, types: [...types] })),
    subscriptions: Object.fromEntries(portal.statuses),
    blocked: [...portal.blocked],
    events: portal.events.map((one) => ({ ...one })),
  };
}
