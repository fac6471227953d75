import type { Clock } from "../../core/clock.ts";
import { elsewhere, json } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createWindows } from "../core/windows.ts";
import { type App, createApp, problem } from "./app.ts";
import type { OnesignalConfig } from "./config.ts";
import { changeSubscription, createUser, deleteUser, getUser, updateUser } from "./users.ts";

const SHOWN = 20;
type Handler = (app: App, call: Call) => Answer;

const operations: readonly (readonly [Route["method"], string, "users" | "view", Handler])[] = [
  ["POST", "/users", "users", createUser],
  ["GET", "/users/by/:label/:id", "view", getUser],
  ["PATCH", "/users/by/:label/:id", "users", updateUser],
  ["DELETE", "/users/by/:label/:id", "users", deleteUser],
  ["PATCH", "/subscriptions/:id", "users", (app, call) => changeSubscription(app, call, "update")],
  ["DELETE", "/subscriptions/:id", "users", (app, call) => changeSubscription(app, call, "delete")],
];

/** The OneSignal stand-in: users, tags, subscriptions; rates of the app, of viewing, and of one user. */
export function createOnesignal(config: OnesignalConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const app = createApp(config, clock, misbehaviour);
  const windows = createWindows(clock);
  // https://documentation.onesignal.com/reference/rate-limits
  const limited = () => json(429, { errors: ["API rate limit exceeded."] }, { headers: { "retry-after": "1" } });
  const route = ([method, path, kind, handler]: (typeof operations)[number]): Route => ({
    method,
    path: `/apps/:app${path}`,
    handle(call) {
      const key = /^Key (\S+)$/.exec(call.headers.authorization ?? "")?.[1] ?? "";
      if (!config.keys.includes(key) || call.params.app !== config.app_id) {
        return problem(401, "auth-1", "Access denied: the key does not belong to this app");
      }
      const most = kind === "view" ? config.views_per_s : config.requests_per_s;
      if (!windows.spend(kind, most, 1_000).allowed) return limited();
      const about = call.params.id;
      const own = `${call.params.label ?? "subscription"}/${about ?? ""}`;
      if (about !== undefined && !windows.spend(own, config.requests_per_user_per_s, 1_000).allowed) return limited();
      return handler(app, call);
    },
  });
  return {
    name: "onesignal",
    title: "OneSignal",
    routes: [...operations.map(route), elsewhere(problem(404, "not-found", "Not found"))],
    refuse: (status) =>
      status === 429
        ? json(429, { errors: ["API rate limit exceeded."] })
        : problem(status, "told", `answered ${status} as told`),
    expireTokens: () => undefined,
    state: app.kept.state,
    snapshot: app.kept.snapshot,
    restore: app.kept.restore,
    reset() {
      app.kept.reset();
      windows.reset();
    },
    page() {
      const all = Object.values(app.kept.data.users);
      const subscriptions = all.reduce((count, user) => count + user.subscriptions.length, 0);
      return {
        summary: `${all.length} users, ${subscriptions} subscriptions`,
        tables: [
          {
            title: "Users",
            note: `The last ${Math.min(SHOWN, all.length)}.`,
            columns: ["external id", "tags", "subscriptions"],
            rows: all
              .slice(-SHOWN)
              .reverse()
              .map((user) => [
                user.identity.external_id ?? "",
                JSON.stringify(user.tags).slice(0, 300),
                user.subscriptions.map((one) => one.type).join(", "),
              ]),
          },
        ],
      };
    },
  };
}
