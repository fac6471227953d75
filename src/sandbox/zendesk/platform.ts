import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createWindows } from "../core/windows.ts";
import { type Account, createAccount, jobStatus, live, problem } from "./account.ts";
import type { ZendeskConfig } from "./config.ts";
import {
  createMany,
  deleteUser,
  destroyMany,
  eraseUser,
  searchUsers,
  showMany,
  updateMany,
  upsertUsers,
} from "./records.ts";

const SHOWN = 20;
const MINUTE_MS = 60_000;
const ERASURES = { requests: 700, perMs: 600_000 };

type Handler = (account: Account, call: Call) => Answer;

const operations: readonly (readonly [Route["method"], string, Handler])[] = [
  ["GET", "/job_statuses/:id", (account, call) => jobStatus(account, call.params.id ?? "")],
  ["POST", "/users/create_or_update_many", upsertUsers],
  ["GET", "/users/show_many", (account, call) => showMany(account, call, "users")],
  ["GET", "/users/search", searchUsers],
  ["DELETE", "/users/destroy_many", (account, call) => destroyMany(account, call, "users")],
  ["DELETE", "/users/:id", deleteUser],
  ["DELETE", "/deleted_users/:id", eraseUser],
  ["POST", "/organizations/create_many", (account, call) => createMany(account, call, "organizations")],
  ["PUT", "/organizations/update_many", (account, call) => updateMany(account, call, "organizations")],
  ["GET", "/organizations/show_many", (account, call) => showMany(account, call, "organizations")],
  ["DELETE", "/organizations/destroy_many", (account, call) => destroyMany(account, call, "organizations")],
  ["GET", "/user_fields", (account) => fields(account, "user_fields")],
  ["GET", "/organization_fields", (account) => fields(account, "organization_fields")],
];

/** The Zendesk stand-in: users and organizations by jobs, deletion and permanent deletion. */
export function createZendesk(config: ZendeskConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const account = createAccount(config, clock, misbehaviour);
  const windows = createWindows(clock);
  const limit = (call: Call): Answer | undefined => {
    const all = windows.spend("all", config.requests_per_minute, MINUTE_MS);
    const erasing = call.path.startsWith("/api/v2/deleted_users/");
    const own = erasing ? windows.spend("erasure", ERASURES.requests, ERASURES.perMs) : all;
    const spent = all.allowed ? own : all;
    if (spent.allowed) return undefined;
    return limited(spent.limit, Math.ceil((spent.endsAtMs - clock.now().getTime()) / 1000));
  };
  const guard = (call: Call): Answer | undefined =>
    known(config, call) ? limit(call) : problem(401, "Couldn't authenticate you", "");
  const routes = operations.map(
    ([method, path, handler]): Route => ({
      method,
      path: `/api/v2${path}`,
      handle: (call) => guard(call) ?? handler(account, call),
    }),
  );
  return {
    name: "zendesk",
    title: "Zendesk",
    routes: [
      ...routes,
      // Strangers are answered, too: as a user without an id.
      {
        method: "GET",
        path: "/api/v2/users/me",
        handle: (call) =>
          json(200, { user: known(config, call) ? { id: 1, role: config.role } : { id: null, role: "end-user" } }),
      },
      {
        method: "ANY",
        path: "/*",
        handle: () => violated(problem(404, "InvalidEndpoint", "Not found"), "the sandbox knows no such resource"),
      },
    ],
    refuse: (status) =>
      status === 429
        ? limited(config.requests_per_minute, null)
        : problem(status, "Told", `answered ${status} as told`),
    // API tokens do not expire.
    expireTokens: () => undefined,
    state: account.kept.state,
    snapshot: account.kept.snapshot,
    restore: account.kept.restore,
    reset() {
      account.kept.reset();
      windows.reset();
    },
    page() {
      const [users, organizations] = [live(account, "users"), live(account, "organizations")];
      const last = [...users, ...organizations].slice(-SHOWN).reverse();
      return {
        summary: `${users.length} users, ${organizations.length} organizations, ${account.kept.data.erased.length} erased`,
        tables: [
          {
            title: "Records",
            note: `The last ${last.length}.`,
            columns: ["id", "fields"],
            rows: last.map((one) => [String(one.id), JSON.stringify(one.fields).slice(0, 300)]),
          },
        ],
      };
    },
  };
}

function known(config: ZendeskConfig, call: Call): boolean {
  const [scheme, credential = ""] = (call.headers.authorization ?? "").split(" ");
  if (scheme === "Bearer") return config.access_tokens.includes(credential);
  return (
    scheme === "Basic" &&
    Buffer.from(credential, "base64").toString("utf8") === `${config.email}/token:${config.api_token}`
  );
}

/** https://developer.zendesk.com/api-reference/introduction/rate-limits/ */
function limited(limit: number, seconds: number | null): Answer {
  const wait = seconds === null ? {} : { "retry-after": String(seconds) };
  const headers = { "x-rate-limit": String(limit), "x-rate-limit-remaining": "0", ...wait };
  return json(
    429,
    { error: "APIRateLimitExceeded", description: "Number of allowed API requests per minute exceeded" },
    { headers },
  );
}

function fields(account: Account, key: string): Answer {
  const all = Object.entries(account.config.fields).map(([name, type], at) => ({
    id: at + 1,
    key: name,
    title: name,
    type,
    active: true,
    ...(type === "dropdown"
      ? {
          custom_field_options: [
            { name: "Free", value: "free" },
            { name: "Paid", value: "paid" },
          ],
        }
      : {}),
  }));
  return json(200, { [key]: all, next_page: null, count: all.length });
}
