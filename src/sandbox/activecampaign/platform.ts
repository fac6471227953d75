import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { type Account, createAccount, problem } from "./account.ts";
import type { ActiveCampaignConfig } from "./config.ts";
import { deleteContact, findContacts, syncContact, updateContact } from "./contacts.ts";
import { importContacts, importInfo } from "./imports.ts";
import { addTag, contactTags, createTag, findTags, pageOf, removeTag, setListStatus } from "./memberships.ts";

const SHOWN = 20;

type Handler = (account: Account, call: Call) => Answer;

const operations: readonly (readonly [Route["method"], string, Handler])[] = [
  ["GET", "/users/me", () => json(200, { user: { id: "1", username: "sandbox", email: "owner@example.com" } })],
  ["GET", "/fields", getFields],
  ["GET", "/lists", getLists],
  ["GET", "/lists/:id", getList],
  ["POST", "/import/bulk_import", importContacts],
  ["GET", "/import/info", importInfo],
  ["POST", "/contact/sync", syncContact],
  ["GET", "/contacts", findContacts],
  ["PUT", "/contacts/:id", updateContact],
  ["DELETE", "/contacts/:id", deleteContact],
  ["GET", "/contacts/:id/contactTags", contactTags],
  ["POST", "/contactLists", setListStatus],
  ["POST", "/contactTags", addTag],
  ["DELETE", "/contactTags/:id", removeTag],
  ["GET", "/tags", findTags],
  ["POST", "/tags", createTag],
];

/** The ActiveCampaign stand-in: contacts, imports, lists, tags; five requests a second. */
export function createActiveCampaign(config: ActiveCampaignConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const account = createAccount(config, clock, misbehaviour);
  const guard = (call: Call): Answer | undefined => {
    if (!config.api_keys.includes(call.headers["api-token"] ?? "")) {
      return problem(
        403,
        "You do not have permission to access this resource. Please contact your account administrator.",
      );
    }
    const spent = account.windows.spend("api", config.requests_per_second, 1_000);
    return spent.allowed ? undefined : limited(spent.limit, spent.endsAtMs - clock.now().getTime());
  };
  const routes = operations.map(
    ([method, path, handler]): Route => ({
      method,
      path: `/api/3${path}`,
      handle: (call) => guard(call) ?? handler(account, call),
    }),
  );
  return {
    name: "activecampaign",
    title: "ActiveCampaign",
    routes: [
      ...routes,
      {
        method: "ANY",
        path: "/*",
        handle: () => violated(problem(404, "no such path"), "the sandbox knows no such resource"),
      },
    ],
    refuse: (status) =>
      status === 429 ? limited(config.requests_per_second, 1_000) : problem(status, `answered ${status} as told`),
    // Keys do not expire.
    expireTokens: () => undefined,
    state: account.kept.state,
    snapshot: account.kept.snapshot,
    restore: account.kept.restore,
    reset() {
      account.kept.reset();
      account.windows.reset();
    },
    page() {
      const { contacts, tags } = account.kept.data;
      const last = Object.values(contacts).slice(-SHOWN).reverse();
      return {
        summary: `${Object.keys(contacts).length} contacts, ${Object.keys(tags).length} tags`,
        tables: [
          {
            title: "Contacts",
            note: `The last ${last.length}.`,
            columns: ["email", "name", "fields", "lists", "tags"],
            rows: last.map((one) => [
              one.email,
              `${one.first_name} ${one.last_name}`.trim(),
              JSON.stringify(one.fields).slice(0, 300),
              Object.entries(one.lists)
                .flatMap(([id, status]) => (status === "1" ? [config.lists[Number(id) - 1] ?? id] : []))
                .join(", "),
              Object.values(one.tags)
                .map((id) => tags[id] ?? String(id))
                .join(", "),
            ]),
          },
        ],
      };
    },
  };
}

/** https://developers.activecampaign.com/reference/rate-limits */
function limited(limit: number, leftMs: number): Answer {
  const seconds = String(Math.ceil(leftMs / 1000));
  return json(
    429,
    { message: "Too many requests" },
    { headers: { "ratelimit-limit": String(limit), "ratelimit-remaining": "0", "retry-after": seconds } },
  );
}

function getFields(account: Account, call: Call): Answer {
  const all = Object.entries(account.config.fields).map(([perstag, type], at) => ({
    id: String(at + 1),
    title: perstag.toLowerCase(),
    perstag,
    type,
    isrequired: "0",
    options: [],
  }));
  return json(200, { fieldOptions: [], fieldRels: [], fields: pageOf(all, call), meta: { total: String(all.length) } });
}

function getLists(account: Account, call: Call): Answer {
  const wanted = (call.query.get("filters[name]") ?? "").toLowerCase();
  const all = account.config.lists
    .map((name, at) => ({ id: String(at + 1), name, stringid: name.toLowerCase() }))
    .filter((one) => one.name.toLowerCase().includes(wanted));
  return json(200, { lists: pageOf(all, call), meta: { total: String(all.length) } });
}

function getList(account: Account, call: Call): Answer {
  const { id = "" } = call.params;
  const name = account.config.lists[Number(id) - 1];
  return name === undefined
    ? problem(404, `No Result found for List with id ${id}`)
    : json(200, { list: { id, name } });
}
