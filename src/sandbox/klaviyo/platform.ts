import type { Clock } from "../../core/clock.ts";
import type { Value } from "../../core/value.ts";
import { violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { type Account, clearAccount, createAccount, restoreAccount, snapshotAccount } from "./account.ts";
import type { KlaviyoConfig } from "./config.ts";
import { breach, document, JSON_API, notFound, problem } from "./errors.ts";
import { createEvents } from "./events.ts";
import { createImport, getImport, importErrors, importedProfiles, listImports } from "./imports.ts";
import { changeMembers, createList, deleteList, getList, listLists, listMembers } from "./lists.ts";
import { profileKey } from "./profile-writes.ts";
import {
  getProfile,
  listProfiles,
  patchProfile,
  postProfile,
  requestDeletion,
  subscriptionsOf,
  upsertProfile,
} from "./profiles.ts";
import { createRates, L, M, type Rate, S, throttled, XS } from "./rates.ts";
import { subscribe, unsubscribe } from "./subscriptions.ts";
import { changeSuppressions } from "./suppressions.ts";

/** The revision of the description this stand-in is written from. */
const REVISION = "2026-07-15";
const SHOWN = 20;

type Handler = (account: Account, call: Call) => Answer;

/** method, path, limits, handler. A path's limits are those of its operation in the description. */
const operations: readonly (readonly [Route["method"], string, Rate, Handler])[] = [
  ["GET", "/api/accounts", XS, accounts],
  ["GET", "/api/lists", L, listLists],
  ["POST", "/api/lists", { ...M, daily: 150 }, createList],
  ["GET", "/api/lists/:id", L, getList],
  ["DELETE", "/api/lists/:id", M, deleteList],
  ["GET", "/api/lists/:id/profiles", L, (account, call) => listMembers(account, call, "profiles")],
  ["GET", "/api/lists/:id/relationships/profiles", L, (account, call) => listMembers(account, call, "ids")],
  ["POST", "/api/lists/:id/relationships/profiles", M, (account, call) => changeMembers(account, call, "add")],
  ["DELETE", "/api/lists/:id/relationships/profiles", M, (account, call) => changeMembers(account, call, "remove")],
  ["GET", "/api/profiles", L, listProfiles],
  ["POST", "/api/profiles", L, postProfile],
  ["GET", "/api/profiles/:id", L, getProfile],
  ["PATCH", "/api/profiles/:id", L, patchProfile],
  ["POST", "/api/profile-import", L, upsertProfile],
  ["GET", "/api/profile-bulk-import-jobs", M, listImports],
  ["POST", "/api/profile-bulk-import-jobs", M, createImport],
  ["GET", "/api/profile-bulk-import-jobs/:id", M, getImport],
  ["GET", "/api/profile-bulk-import-jobs/:id/import-errors", M, importErrors],
  [
    "GET",
    "/api/profile-bulk-import-jobs/:id/profiles",
    M,
    (account, call) => importedProfiles(account, call, "profiles"),
  ],
  [
    "GET",
    "/api/profile-bulk-import-jobs/:id/relationships/profiles",
    M,
    (account, call) => importedProfiles(account, call, "ids"),
  ],
  ["POST", "/api/profile-subscription-bulk-create-jobs", L, subscribe],
  ["POST", "/api/profile-subscription-bulk-delete-jobs", L, unsubscribe],
  ["POST", "/api/event-bulk-create-jobs", M, createEvents],
  [
    "POST",
    "/api/profile-suppression-bulk-create-jobs",
    L,
    (account, call) => changeSuppressions(account, call, "create"),
  ],
  [
    "POST",
    "/api/profile-suppression-bulk-delete-jobs",
    L,
    (account, call) => changeSuppressions(account, call, "delete"),
  ],
  ["POST", "/api/data-privacy-deletion-jobs", S, requestDeletion],
];

/** The Klaviyo stand-in: profiles, lists, bulk imports, subscriptions, suppressions, events; rate limits as documented. */
export function createKlaviyo(config: KlaviyoConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const account = createAccount(config, clock, misbehaviour);
  const rates = createRates(clock, config.rate_factor);

  const routes = operations.map(([method, path, rate, handler]): Route => {
    const operation = `${method} ${path}`;
    return {
      method,
      path,
      handle(call) {
        const refused = unauthorised(account, call) ?? headerFault(call);
        if (refused !== undefined) return refused;
        const spent = rates.spend(operation, rate);
        if ("refused" in spent) return spent.refused;
        const answer = handler(account, call);
        return { ...answer, headers: { ...answer.headers, ...spent.headers } };
      },
    };
  });

  return {
    name: "klaviyo",
    title: "Klaviyo",
    routes: [
      ...routes,
      {
        method: "ANY",
        path: "/*",
        handle: (call) => violated(notFound("resource", call.path), "the sandbox knows no such resource"),
      },
    ],
    refuse(status) {
      if (status === 429) return throttled(1);
      return problem(status, {
        code: status === 401 ? "not_authenticated" : "error",
        title: "Refused as told.",
        detail: `answered ${status} as told`,
      });
    },
    expireTokens: () => unauthenticated(),
    state: () => accountState(account),
    snapshot: () => snapshotAccount(account),
    restore: (snapshot) => restoreAccount(account, snapshot),
    reset() {
      clearAccount(account);
      rates.reset();
    },
    page() {
      const profiles = [...account.profiles.values()].slice(-SHOWN).reverse();
      const lists = [...account.lists.values()];
      const memberNames = (ids: Iterable<string>) =>
        [...ids]
          .slice(0, SHOWN)
          .map((id) => profileKey(account.profiles.get(id)?.attributes ?? {}, id))
          .join(", ");
      return {
        summary: `${account.profiles.size} profiles, ${lists.length} lists, ${account.jobs.size} import jobs, ${account.events.size} events, ${account.suppressed.size} suppressed`,
        tables: [
          {
            title: "Lists",
            columns: ["id", "name", "opt-in", "members", "asked to confirm", "first members"],
            rows: lists.map((list) => [
              list.id,
              list.name,
              list.optIn,
              String(list.members.size),
              String(list.pending.size),
              memberNames(list.members.keys()),
            ]),
          },
          {
            title: "Profiles",
            note: `The last ${profiles.length}.`,
            columns: ["id", "email", "external id", "first name", "properties", "consent"],
            rows: profiles.map(({ id, attributes, consent }) => [
              id,
              ...[attributes.email, attributes.external_id, attributes.first_name].map((value) =>
                typeof value === "string" ? value : "",
              ),
              JSON.stringify(attributes.properties ?? {}),
              [...consent].map(([channel, { consent: state }]) => `${channel} ${state}`).join(", "),
            ]),
          },
        ],
      };
    },
  };
}

function unauthorised(account: Account, call: Call): Answer | undefined {
  const { authorization } = call.headers;
  const key = /^Klaviyo-API-Key (\S+)$/.exec(authorization ?? "")?.[1];
  if (key !== undefined && account.config.api_keys.includes(key)) return undefined;
  if (key !== undefined) return unauthenticated();
  return violated(unauthenticated(), "Authorization must be: Klaviyo-API-Key <key>");
}

function unauthenticated(): Answer {
  const detail = "Incorrect authentication credentials.";
  return problem(401, { code: "not_authenticated", title: detail, detail });
}

function headerFault(call: Call): Answer | undefined {
  const { revision } = call.headers;
  if (revision !== REVISION)
    return breach(400, `the header revision must be ${REVISION}, the one this sandbox knows`, "revision");
  if (call.body.length === 0) return undefined;
  const type = call.headers["content-type"]?.split(";")[0]?.trim();
  if (type === JSON_API || type === "application/json") return undefined;
  return breach(415, `the content type must be ${JSON_API}`);
}

function accounts(_account: Account, call: Call): Answer {
  const self = `${call.base}/api/accounts`;
  return document(200, {
    data: [
      {
        type: "account",
        id: "SANDBX",
        attributes: { test_account: true, timezone: "UTC", preferred_currency: "USD", public_api_key: "SANDBX" },
        links: { self: `${self}/SANDBX` },
      },
    ],
    links: { self },
  });
}

function accountState(account: Account): Value {
  return {
    profiles: Object.fromEntries(
      [...account.profiles.values()].map((profile) => [
        profile.id,
        {
          ...profile.attributes,
          consent: Object.fromEntries(profile.consent),
          subscriptions: subscriptionsOf(profile),
        },
      ]),
    ),
    lists: Object.fromEntries(
      [...account.lists.values()].map((list) => [
        list.id,
        {
          name: list.name,
          opt_in_process: list.optIn,
          members: [...list.members.keys()],
          /** How people call the members: external id, e-mail or phone. */
          member_keys: [...list.members.keys()].map((id) => profileKey(account.profiles.get(id)?.attributes ?? {}, id)),
          pending: [...list.pending],
          unsubscribed: [...list.unsubscribed],
        },
      ]),
    ),
    events: [...account.events.values()].map(({ profile, metric, uniqueId, time, value, properties }) => ({
      profile: profileKey(account.profiles.get(profile)?.attributes ?? {}, profile),
      metric,
      unique_id: uniqueId,
      time,
      value,
      properties,
    })),
    suppressed: [...account.suppressed.keys()].map((id) => profileKey(account.profiles.get(id)?.attributes ?? {}, id)),
    jobs: [...account.jobs.values()].map(({ id, status, total, profiles, errors, lost }) => ({
      id,
      status,
      total,
      imported: profiles.length,
      failed: errors.length,
      lost,
    })),
  };
}
