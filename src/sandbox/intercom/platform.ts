import type { Clock } from "../../core/clock.ts";
import { elsewhere, json, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createWindows } from "../core/windows.ts";
import type { IntercomConfig } from "./config.ts";
import { createContact, endContact, listContacts, searchContacts, updateContact } from "./contacts.ts";
import {
  changeCompany,
  createEvent,
  createTag,
  dataAttributes,
  deleteCompany,
  getCompany,
  tagContact,
  upsertCompany,
} from "./resources.ts";
import { createWorkspace, problem, type Workspace } from "./workspace.ts";

const SHOWN = 20;
const VERSION = "2.16";
type Handler = (workspace: Workspace, call: Call) => Answer;

const operations: readonly (readonly [Route["method"], string, Handler])[] = [
  ["GET", "/contacts", listContacts],
  ["POST", "/contacts", createContact],
  ["POST", "/contacts/search", searchContacts],
  ["PUT", "/contacts/:contact", updateContact],
  ["DELETE", "/contacts/:contact", (workspace, call) => endContact(workspace, call, "delete")],
  ["POST", "/contacts/:contact/archive", (workspace, call) => endContact(workspace, call, "archive")],
  ["POST", "/contacts/:contact/unarchive", (workspace, call) => endContact(workspace, call, "unarchive")],
  ["POST", "/contacts/:contact/tags", (workspace, call) => tagContact(workspace, call, "add")],
  ["DELETE", "/contacts/:contact/tags/:tag", (workspace, call) => tagContact(workspace, call, "remove")],
  ["POST", "/contacts/:contact/companies", (workspace, call) => changeCompany(workspace, call, "attach")],
  ["DELETE", "/contacts/:contact/companies/:company", (workspace, call) => changeCompany(workspace, call, "detach")],
  ["POST", "/tags", createTag],
  ["POST", "/companies", upsertCompany],
  ["GET", "/companies", getCompany],
  ["DELETE", "/companies/:company", deleteCompany],
  ["POST", "/events", createEvent],
  ["GET", "/data_attributes", dataAttributes],
];

/** The Intercom stand-in: contacts, tags, companies, events; version 2.16 and its rate in windows of ten seconds. */
export function createIntercom(config: IntercomConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const workspace = createWorkspace(config, clock, misbehaviour);
  const windows = createWindows(clock);
  const limited = () => problem(429, "rate_limit_exceeded", "Exceeded rate limit");
  const route = (method: Route["method"], path: string, handler: (call: Call) => Answer): Route => ({
    method,
    path,
    handle(call) {
      const token = /^Bearer (\S+)$/.exec(call.headers.authorization ?? "")?.[1] ?? "";
      if (!config.tokens.includes(token)) return problem(401, "unauthorized", "Access Token Invalid");
      if (call.headers["intercom-version"] !== VERSION) {
        const message = "the stand-in speaks version 2.16 only";
        return violated(problem(400, "intercom_version_invalid", message), message);
      }
      const spent = windows.spend("app", config.requests_per_10s, 10_000);
      const answer = spent.allowed ? handler(call) : limited();
      const headers = {
        "x-ratelimit-limit": String(spent.limit),
        "x-ratelimit-remaining": String(spent.remaining),
        "x-ratelimit-reset": String(Math.ceil(spent.endsAtMs / 1_000)),
      };
      return { ...answer, headers: { ...headers, ...answer.headers } };
    },
  });
  return {
    name: "intercom",
    title: "Intercom",
    routes: [
      ...operations.map(([method, path, handler]) => route(method, path, (call) => handler(workspace, call))),
      route("GET", "/me", () =>
        json(200, { type: "admin", id: "1", app: { type: "app", id_code: config.workspace_id } }),
      ),
      elsewhere(problem(404, "not_found", "Resource Not Found")),
    ],
    refuse: (status) => (status === 429 ? limited() : problem(status, "server_error", `answered ${status} as told`)),
    expireTokens: () => undefined,
    state: workspace.kept.state,
    snapshot: workspace.kept.snapshot,
    restore: workspace.kept.restore,
    reset() {
      workspace.kept.reset();
      windows.reset();
    },
    page() {
      const { contacts, companies, tags, events } = workspace.kept.data;
      const all = Object.values(contacts);
      return {
        summary: `${all.length} contacts, ${Object.keys(companies).length} companies, ${tags.length} tags, ${events.length} events`,
        tables: [
          {
            title: "Contacts",
            note: `The last ${Math.min(SHOWN, all.length)}.`,
            columns: ["id", "external id", "email", "attributes"],
            rows: all
              .slice(-SHOWN)
              .reverse()
              .map((one) => [
                one.id,
                one.external_id ?? "",
                one.email ?? "",
                JSON.stringify(one.custom_attributes).slice(0, 300),
              ]),
          },
        ],
      };
    },
  };
}
