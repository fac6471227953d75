import { randomBytes } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { json, parseJson, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { runBatch } from "./batches.ts";
import type { DataverseConfig } from "./config.ts";
import { entityDefinitions } from "./definitions.ts";
import { clearEnvironment, createEnvironment, restoreEnvironment, snapshotEnvironment } from "./environment.ts";
import { type Outcome, operate } from "./operations.ts";

const PREFIX = /^\/api\/data\/v9\.\d/;
const WINDOW_MS = 300_000;
const SHOWN = 20;

/** The Dataverse stand-in: rows by alternate key, batches, static marketing lists; service protection limits as documented. */
export function createDataverse(config: DataverseConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const env = createEnvironment(config, clock, misbehaviour);
  const sessions = new Set<string>();
  let recent: number[] = [];

  /** https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
  const token = (call: Call): Answer => {
    const form = new URLSearchParams(call.body.toString("utf8"));
    if (
      form.get("grant_type") !== "client_credentials" ||
      !/^https?:\/\/[^/]+\/\.default$/.test(form.get("scope") ?? "")
    )
      return violated(
        json(400, { error: "invalid_request" }),
        "client_credentials for <environment>/.default is needed",
      );
    if (call.params.tenant !== config.tenant_id) return json(400, { error: "invalid_tenant" });
    if (form.get("client_id") !== config.client_id || form.get("client_secret") !== config.client_secret)
      return json(401, {
        error: "invalid_client",
        error_description: "AADSTS7000215: Invalid client secret provided.",
      });
    const access = randomBytes(24).toString("base64url");
    sessions.add(access);
    return json(200, { token_type: "Bearer", expires_in: 3599, access_token: access });
  };

  const guard = (call: Call): Answer | undefined => {
    const access = /^Bearer (\S+)$/.exec(call.headers.authorization ?? "")?.[1] ?? "";
    if (!sessions.has(access)) return problem(401, "0x80040001", "The user is not authenticated");
    const nowMs = clock.now().getTime();
    recent = recent.filter((at) => nowMs - at < WINDOW_MS);
    if (recent.length < config.requests_per_5min) {
      recent.push(nowMs);
      return undefined;
    }
    const waitMs = (recent[0] ?? nowMs) + WINDOW_MS - nowMs;
    const answer = problem(
      429,
      "0x80072322",
      "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
    );
    return { ...answer, headers: { ...answer.headers, "retry-after": String(Math.ceil(waitMs / 1_000)) } };
  };

  const handle = (call: Call): Answer => {
    const base = `${call.base}/api/data/v9.2`;
    const path = call.path.replace(PREFIX, "");
    if (path === "/WhoAmI") return json(200, { UserId: "00000000-0000-4000-8000-00000000aaaa" });
    const outcome =
      path === "/EntityDefinitions" && call.method === "GET"
        ? entityDefinitions(env, call.query)
        : path === "/$batch"
          ? runBatch(env, call, base)
          : operate(
              env,
              {
                method: call.method,
                path,
                query: call.query,
                headers: call.headers,
                body: parseJson(call.body) ?? null,
              },
              base,
            );
    return "applied" in outcome ? outcome : answered(outcome);
  };

  const route: Route = { method: "ANY", path: "/api/data/*", handle: (call) => guard(call) ?? handle(call) };
  return {
    name: "dataverse",
    title: "Microsoft Dataverse",
    routes: [
      { method: "POST", path: "/:tenant/oauth2/v2.0/token", signIn: true, handle: token },
      route,
      {
        method: "ANY",
        path: "/*",
        handle: (call) =>
          violated(problem(404, "0x80060888", `no resource ${call.path}`), "the sandbox knows no such resource"),
      },
    ],
    refuse: (status) => problem(status, status === 429 ? "0x80072322" : "0x80040216", `answered ${status} as told`),
    expireTokens() {
      sessions.clear();
      return problem(401, "0x80040001", "The user is not authenticated");
    },
    state: () => ({
      rows: [...env.rows.values()].map((row) => ({ ...row })),
      lists: [...env.lists.values()].map((list) => ({ id: list.id, name: list.name, members: [...list.members] })),
    }),
    snapshot: () => snapshotEnvironment(env),
    restore: (snapshot) => restoreEnvironment(env, snapshot),
    reset() {
      clearEnvironment(env);
      recent = [];
    },
    page() {
      const rows = [...env.rows.values()].slice(-SHOWN).reverse();
      return {
        summary: `${env.rows.size} rows, ${env.lists.size} marketing lists`,
        tables: [
          {
            title: "Marketing lists",
            columns: ["id", "name", "members"],
            rows: [...env.lists.values()].map((list) => [list.id, list.name, String(list.members.size)]),
          },
          {
            title: "Rows",
            note: `The last ${rows.length}.`,
            columns: ["table", "id", "columns"],
            rows: rows.map((row) => [row.table, row.id, JSON.stringify(row.columns).slice(0, 300)]),
          },
        ],
      };
    },
  };
}

const problem = (status: number, code: string, message: string): Answer => json(status, { error: { code, message } });

function answered({ status, headers, body, did, row, violation }: Outcome): Answer {
  return json(status, body ?? null, {
    applied: did !== undefined,
    ...(did === undefined ? {} : { rows: { [did]: [row ?? ""] } }),
    ...(headers === undefined ? {} : { headers }),
    ...(violation === undefined ? {} : { violation }),
  });
}
