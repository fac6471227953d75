import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createWindows } from "../core/windows.ts";
import { type Account, createAccount } from "./account.ts";
import type { SendgridConfig } from "./config.ts";
import { deleteContacts, jobStatus, searchEmails, upsertContacts } from "./contacts.ts";
import { limited, problem } from "./errors.ts";
import { createList, getLists, removeContacts } from "./lists.ts";
import { addSuppressions, eraseRecipients, getGroups, removeSuppression } from "./suppressions.ts";

const SHOWN = 20;
const MINUTE_MS = 60_000;
const ERASURES_PER_MINUTE = 100;

type Handler = (account: Account, call: Call) => Answer;

const operations: readonly (readonly [Route["method"], string, Handler])[] = [
  ["GET", "/v3/scopes", (account) => json(200, { scopes: account.config.scopes })],
  ["GET", "/v3/marketing/field_definitions", fieldDefinitions],
  ["PUT", "/v3/marketing/contacts", upsertContacts],
  ["DELETE", "/v3/marketing/contacts", deleteContacts],
  ["POST", "/v3/marketing/contacts/search/emails", searchEmails],
  ["GET", "/v3/marketing/contacts/imports/:id", jobStatus],
  ["GET", "/v3/marketing/lists", getLists],
  ["POST", "/v3/marketing/lists", createList],
  ["DELETE", "/v3/marketing/lists/:id/contacts", removeContacts],
  ["GET", "/v3/asm/groups", getGroups],
  ["POST", "/v3/asm/groups/:group/suppressions", addSuppressions],
  ["DELETE", "/v3/asm/groups/:group/suppressions/:email", removeSuppression],
  ["POST", "/v3/asm/suppressions/global", addSuppressions],
  ["DELETE", "/v3/asm/suppressions/global/:email", removeSuppression],
  ["POST", "/v3/recipients/erasejob", eraseRecipients],
];

/** The SendGrid stand-in: contacts by jobs, lists, suppressions, erasure; rate limits in SendGrid's own headers. */
export function createSendgrid(config: SendgridConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const account = createAccount(config, clock, misbehaviour);
  const windows = createWindows(clock);
  const guard = (call: Call): Answer | undefined => {
    const key = /^Bearer (\S+)$/.exec(call.headers.authorization ?? "")?.[1] ?? "";
    if (!config.api_keys.includes(key)) return problem(401, "authorization required");
    const all = windows.spend("all", config.requests_per_minute, MINUTE_MS);
    if (!all.allowed) return limited(all.limit, all.endsAtMs);
    if (!call.path.endsWith("/erasejob")) return undefined;
    const erasures = windows.spend("erasejob", ERASURES_PER_MINUTE, MINUTE_MS);
    return erasures.allowed ? undefined : limited(erasures.limit, erasures.endsAtMs);
  };
  const routes = operations.map(
    ([method, path, handler]): Route => ({ method, path, handle: (call) => guard(call) ?? handler(account, call) }),
  );
  return {
    name: "sendgrid",
    title: "SendGrid",
    routes: [
      ...routes,
      {
        method: "ANY",
        path: "/*",
        handle: () => violated(problem(404, "not found"), "the sandbox knows no such resource"),
      },
    ],
    refuse: (status) =>
      status === 429
        ? limited(config.requests_per_minute, clock.now().getTime() + 1_000)
        : problem(status, `answered ${status} as told`),
    // API keys do not expire.
    expireTokens: () => undefined,
    state: account.kept.state,
    snapshot: account.kept.snapshot,
    restore: account.kept.restore,
    reset() {
      account.kept.reset();
      windows.reset();
    },
    page() {
      const { contacts, lists, suppressed } = account.kept.data;
      const last = Object.values(contacts).slice(-SHOWN).reverse();
      const silent = Object.values(suppressed).reduce((sum, emails) => sum + emails.length, 0);
      return {
        summary: `${Object.keys(contacts).length} contacts, ${Object.keys(lists).length} lists, ${silent} suppressions`,
        tables: [
          {
            title: "Contacts",
            note: `The last ${last.length}.`,
            columns: ["identifiers", "fields", "custom fields", "lists"],
            rows: last.map((one) => [
              JSON.stringify(one.identifiers),
              JSON.stringify(one.fields).slice(0, 200),
              JSON.stringify(one.custom_fields).slice(0, 200),
              one.lists.map((id) => lists[id] ?? id).join(", "),
            ]),
          },
        ],
      };
    },
  };
}

function fieldDefinitions(account: Account): Answer {
  const custom = Object.entries(account.config.custom_fields).map(([id, { name, type }]) => ({
    id,
    name,
    field_type: type,
  }));
  const reserved = ["first_name", "last_name", "email", "city", "country"].map((name, at) => ({
    id: `_rf${at}_T`,
    name,
    field_type: "Text",
  }));
  return json(200, { custom_fields: custom, reserved_fields: reserved, _metadata: { count: custom.length } });
}
