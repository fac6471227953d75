import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createWindows, type Windows } from "../core/windows.ts";
import { addActivities, describeActivity } from "./activities.ts";
import type { MarketoConfig } from "./config.ts";
import { importFailures, importStatus, startImport } from "./imports.ts";
import { createInstance, type Instance, refused } from "./instance.ts";
import { deleteLeads, describeLeads, getLeads, syncLeads } from "./leads.ts";
import { changeMembers, findLists } from "./lists.ts";

const SHOWN = 20;
const TOKEN_SECONDS = 3_600;

type Handler = (instance: Instance, call: Call) => Answer;

type Permission = MarketoConfig["permissions"][number];

/** Reads of leads need either permission, writes Read-Write Lead. */
const operations: readonly (readonly [Route["method"], string, "read" | "write" | Permission, Handler])[] = [
  ["GET", "/rest/v1/leads.json", "read", getLeads],
  ["POST", "/rest/v1/leads.json", "write", syncLeads],
  ["POST", "/rest/v1/leads/delete.json", "write", deleteLeads],
  ["GET", "/rest/v1/leads/describe2.json", "read", describeLeads],
  ["GET", "/rest/v1/lists.json", "read", findLists],
  ["POST", "/rest/v1/lists/:id/leads.json", "write", (instance, call) => changeMembers(instance, call, "added")],
  ["DELETE", "/rest/v1/lists/:id/leads.json", "write", (instance, call) => changeMembers(instance, call, "removed")],
  ["GET", "/rest/v1/activities/external/type/:name/describe.json", "Read-Only Activity Metadata", describeActivity],
  ["POST", "/rest/v1/activities/external.json", "Read-Write Activity", addActivities],
  ["POST", "/bulk/v1/leads.json", "write", startImport],
  ["GET", "/bulk/v1/leads/batch/:id.json", "write", importStatus],
  ["GET", "/bulk/v1/leads/batch/:id/failures.json", "write", importFailures],
];

/** The Marketo stand-in: leads, static lists, imports, and refusals that come with 200. */
export function createMarketo(config: MarketoConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const instance = createInstance(config, clock, misbehaviour);
  const windows = createWindows(clock);
  const { kept } = instance;
  const routes = operations.map(
    ([method, path, needs, handler]): Route => ({
      method,
      path,
      handle: (call) => guard(instance, windows, call, needs) ?? handler(instance, call),
    }),
  );
  return {
    name: "marketo",
    title: "Marketo",
    routes: [
      { method: "GET", path: "/identity/oauth/token", signIn: true, handle: (call) => signIn(instance, call) },
      ...routes,
      {
        method: "ANY",
        path: "/*",
        handle: () => violated(refused("610", "Requested resource not found"), "the sandbox knows no such resource"),
      },
    ],
    refuse(status) {
      if (status === 429) return refused("606", "Max rate limit '100' exceeded with in '20' secs");
      if (status === 401) return refused("601", "Access token invalid");
      return status >= 500 ? refused("611", "System error") : refused("1003", "refused as told");
    },
    expireTokens() {
      kept.data.tokens = [];
      return undefined;
    },
    state: kept.state,
    snapshot: kept.snapshot,
    restore: kept.restore,
    reset() {
      kept.reset();
      windows.reset();
    },
    page() {
      const leads = Object.values(kept.data.leads);
      const last = leads.slice(-SHOWN).reverse();
      const members = Object.values(kept.data.lists).reduce((sum, ids) => sum + ids.length, 0);
      return {
        summary: `${leads.length} leads, ${members} members of lists, ${kept.data.activities.length} activities, ${Object.keys(kept.data.imports).length} imports`,
        tables: [
          {
            title: "Leads",
            note: `The last ${last.length}.`,
            columns: ["id", "fields"],
            rows: last.map((one) => [String(one.id), JSON.stringify(one.fields).slice(0, 300)]),
          },
        ],
      };
    },
  };
}

/** The identity service answers with statuses of its own. */
function signIn({ config, kept }: Instance, call: Call): Answer {
  const { query } = call;
  const known = query.get("client_id") === config.client_id && query.get("client_secret") === config.client_secret;
  if (!known || query.get("grant_type") !== "client_credentials") {
    return json(401, { error: "unauthorized", error_description: "No client with requested id" });
  }
  // The same token as long as it is valid.
  const token = kept.data.tokens[0] ?? `sandbox-token-${call.seq}:sj`;
  kept.data.tokens = [token];
  return json(200, { access_token: token, token_type: "bearer", expires_in: TOKEN_SECONDS, scope: "api@example.com" });
}

function guard(
  { config, kept }: Instance,
  windows: Windows,
  call: Call,
  needs: "read" | "write" | Permission,
): Answer | undefined {
  const [scheme, token = ""] = (call.headers.authorization ?? "").split(" ");
  if (scheme !== "Bearer" || token === "") return refused("600", "Empty access token");
  if (!kept.data.tokens.includes(token)) return refused("602", "Access token expired");
  if (!windows.spend("rate", config.calls_per_20_seconds, 20_000).allowed) {
    return refused("606", `Max rate limit '${config.calls_per_20_seconds}' exceeded with in '20' secs`);
  }
  if (!windows.spend("day", config.calls_per_day, 86_400_000).allowed) return refused("607", "Daily quota reached");
  const any: readonly Permission[] =
    needs === "read" ? ["Read-Only Lead", "Read-Write Lead"] : [needs === "write" ? "Read-Write Lead" : needs];
  return any.some((one) => config.permissions.includes(one)) ? undefined : refused("603", "Access denied");
}
