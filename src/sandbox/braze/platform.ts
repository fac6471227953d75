import type { Clock } from "../../core/clock.ts";
import { elsewhere } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createWindows } from "../core/windows.ts";
import type { BrazeConfig } from "./config.ts";
import { fatal } from "./errors.ts";
import { customAttributes, deleteUsers, exportUsers, setSubscriptions } from "./resources.ts";
import { track } from "./track.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const SHOWN = 20;

interface Operation {
  readonly method: Route["method"];
  readonly path: string;
  readonly permission: string;
  readonly requests: number;
  readonly perMs: number;
  handle(workspace: Workspace, call: Call): Answer;
}

/** Limits: https://www.braze.com/docs/api/api_limits/ */
const operations = (config: BrazeConfig): readonly Operation[] => [
  {
    method: "POST",
    path: "/users/track",
    permission: "users.track",
    requests: config.track_requests_per_3s,
    perMs: 3_000,
    handle: track,
  },
  {
    method: "POST",
    path: "/users/delete",
    permission: "users.delete",
    requests: 20_000,
    perMs: 60_000,
    handle: deleteUsers,
  },
  {
    method: "POST",
    path: "/users/export/ids",
    permission: "users.export.ids",
    requests: 250,
    perMs: 60_000,
    handle: exportUsers,
  },
  {
    method: "POST",
    path: "/v2/subscription/status/set",
    permission: "subscription.status.set",
    requests: 5_000,
    perMs: 60_000,
    handle: setSubscriptions,
  },
  {
    method: "GET",
    path: "/custom_attributes",
    permission: "custom_attributes.get",
    requests: 1_000,
    perMs: 3_600_000,
    handle: customAttributes,
  },
];

/** The Braze stand-in: users, events, purchases, subscription groups, deletion; limits per endpoint as documented. */
export function createBraze(config: BrazeConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const workspace = createWorkspace(config, clock, misbehaviour);
  const windows = createWindows(clock);
  const routes = operations(config).map(
    (operation): Route => ({
      method: operation.method,
      path: operation.path,
      handle(call) {
        const key = /^Bearer (\S+)$/.exec(call.headers.authorization ?? "")?.[1] ?? "";
        if (!config.keys.includes(key)) return fatal(401, "Invalid API key");
        if (config.lacking[key]?.includes(operation.permission) === true) return fatal(403, "Access Denied");
        const spent = windows.spend(operation.path, operation.requests, operation.perMs);
        const headers = {
          "x-ratelimit-limit": String(spent.limit),
          "x-ratelimit-remaining": String(spent.remaining),
          "x-ratelimit-reset": String(Math.ceil(spent.endsAtMs / 1_000)),
        };
        const answer = spent.allowed
          ? operation.handle(workspace, call)
          : fatal(429, "You have exceeded the rate limit for this endpoint.");
        return { ...answer, headers: { ...headers, ...answer.headers } };
      },
    }),
  );
  return {
    name: "braze",
    title: "Braze",
    routes: [...routes, elsewhere(fatal(404, "Not found"))],
    refuse: (status) => fatal(status, `answered ${status} as told`),
    expireTokens: () => undefined,
    state: workspace.kept.state,
    snapshot: workspace.kept.snapshot,
    restore: workspace.kept.restore,
    reset() {
      workspace.kept.reset();
      windows.reset();
    },
    page() {
      const { users, events, purchases, subscriptions } = workspace.kept.data;
      const all = Object.values(users);
      return {
        summary: `${all.length} users, ${events.length} events, ${purchases.length} purchases, ${Object.keys(subscriptions).length} subscriptions`,
        tables: [
          {
            title: "Users",
            note: `The last ${Math.min(SHOWN, all.length)}.`,
            columns: ["braze id", "external id", "attributes"],
            rows: all
              .slice(-SHOWN)
              .reverse()
              .map((user) => [user.braze_id, user.external_id ?? "", JSON.stringify(user.attributes).slice(0, 300)]),
          },
        ],
      };
    },
  };
}
