import type { Clock } from "../../core/clock.ts";
import { elsewhere } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createWindows } from "../core/windows.ts";
import type { IterableConfig } from "./config.ts";
import { trackBulk } from "./events.ts";
import { createList, getLists, subscribe, unsubscribe } from "./lists.ts";
import { answer, createProject, type Project } from "./project.ts";
import { bulkUpdate, deleteUser, forgetUser, getFields } from "./users.ts";

type Handler = (project: Project, call: Call) => Answer;

/** method, path, requests a second (null: none is described), handler. https://api.iterable.com/api/docs */
const operations: readonly (readonly [Route["method"], string, number | null, Handler])[] = [
  ["POST", "/api/users/bulkUpdate", 5, bulkUpdate],
  ["DELETE", "/api/users/:email", 100, (project, call) => deleteUser(project, { email: call.params.email ?? "" })],
  [
    "DELETE",
    "/api/users/byUserId/:userId",
    100,
    (project, call) => deleteUser(project, { userId: call.params.userId ?? "" }),
  ],
  ["POST", "/api/users/forget", 3, forgetUser],
  ["GET", "/api/users/getFields", 3, getFields],
  ["GET", "/api/lists", 100, getLists],
  ["POST", "/api/lists", null, createList],
  ["POST", "/api/lists/subscribe", null, subscribe],
  ["POST", "/api/lists/unsubscribe", null, unsubscribe],
  ["POST", "/api/events/trackBulk", 10, trackBulk],
];

const DAY_MS = 86_400_000;

/** The Iterable stand-in: users, static lists, events, forgetting; rates by endpoint as described. */
export function createIterable(config: IterableConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const project = createProject(config, clock, misbehaviour);
  const windows = createWindows(clock);
  const limited = () => answer(429, "RateLimitExceeded", "Too many requests");
  const routes = operations.map(
    ([method, path, perSecond, handler]): Route => ({
      method,
      path,
      handle(call) {
        const key = call.headers["api-key"] ?? "";
        if (config.mobile_keys.includes(key))
          return answer(403, "Forbidden", "The key's type may not call this endpoint");
        if (!config.keys.includes(key)) return answer(401, "BadApiKey", "Invalid API key");
        if (perSecond !== null && !windows.spend(`${method} ${path}`, perSecond, 1_000).allowed) return limited();
        if (path.endsWith("/forget") && !windows.spend("forgotten today", config.forget_per_day, DAY_MS).allowed)
          return limited();
        return handler(project, call);
      },
    }),
  );
  return {
    name: "iterable",
    title: "Iterable",
    routes: [...routes, elsewhere(answer(404, "NotFound", "no such resource"))],
    refuse: (status) => (status === 429 ? limited() : answer(status, "GenericError", `answered ${status} as told`)),
    expireTokens: () => undefined,
    state: project.kept.state,
    snapshot: project.kept.snapshot,
    restore: project.kept.restore,
    reset() {
      project.kept.reset();
      windows.reset();
    },
    page() {
      const { users, lists, events, forgotten } = project.kept.data;
      return {
        summary: `${Object.keys(users).length} users, ${lists.length} lists, ${Object.keys(events).length} events, ${forgotten.length} forgotten`,
        tables: [
          {
            title: "Lists",
            columns: ["id", "name", "members"],
            rows: lists.map((list) => [String(list.id), list.name, String(Object.keys(list.members).length)]),
          },
        ],
      };
    },
  };
}
