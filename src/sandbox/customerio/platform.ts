import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { elsewhere, empty, json, parseJson, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createWindows } from "../core/windows.ts";
import { batch } from "./batch.ts";
import type { CustomerioConfig } from "./config.ts";
import { createWorkspace, findPerson, nameOf, type Workspace } from "./workspace.ts";

const SHOWN = 20;
const idsBody = z.strictObject({ ids: z.array(z.string()).min(1).max(1_000) });

/** `{meta: {errors: […]}}` of the v1 resources. */
const metaError = (status: number, message: string): Answer => json(status, { meta: { errors: [message] } });

/** POST /api/v1/segments/{segment_id}/add_customers and remove_customers: ids that nobody has are ignored. */
function changeMembers(workspace: Workspace, call: Call, how: "add" | "remove"): Answer {
  const kind = call.query.get("id_type") ?? "id";
  const read = idsBody.safeParse(parseJson(call.body));
  if (!read.success) return violated(metaError(400, "ids: 1 to 1000 strings"), "ids: 1 to 1000 strings");
  if (!["id", "email", "cio_id"].includes(kind)) return violated(metaError(400, "unknown id_type"), "unknown id_type");
  const { data } = workspace.kept;
  const segment = call.params.segment ?? "";
  if (!workspace.config.segments.includes(Number(segment)))
    return metaError(400, "segment not found or not a manual segment");
  const members = data.segments[segment] ?? {};
  data.segments[segment] = members;
  const people = read.data.ids.flatMap((id) => findPerson(workspace, nameOf(kind, id)) ?? []);
  for (const { cio_id } of people) {
    if (how === "add") members[cio_id] = true;
    else delete members[cio_id];
  }
  return empty(200, { applied: people.length > 0, rows: { [how]: people.map((person) => person.cio_id) } });
}

/** The Customer.io stand-in: Track API v2 batch, manual segments, the account's region. */
export function createCustomerio(config: CustomerioConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const workspace = createWorkspace(config, clock, misbehaviour);
  const windows = createWindows(clock);
  const credentials = `Basic ${Buffer.from(`${config.site_id}:${config.api_key}`).toString("base64")}`;
  const route = (method: Route["method"], path: string, handler: (call: Call) => Answer): Route => ({
    method,
    path,
    handle(call) {
      if (call.headers.authorization !== credentials) return metaError(401, "Unauthorized request");
      if (!windows.spend("track", config.requests_per_s, 1_000).allowed) return metaError(429, "too many requests");
      return handler(call);
    },
  });
  const url = config.region === "eu" ? "https://track-eu.customer.io" : "https://track.customer.io";
  return {
    name: "customerio",
    title: "Customer.io",
    routes: [
      route("POST", "/api/v2/batch", (call) => batch(workspace, call)),
      route("POST", "/api/v1/segments/:segment/add_customers", (call) => changeMembers(workspace, call, "add")),
      route("POST", "/api/v1/segments/:segment/remove_customers", (call) => changeMembers(workspace, call, "remove")),
      route("GET", "/api/v1/accounts/region", () => json(200, { url, region: config.region, environment_id: 3 })),
      elsewhere(metaError(404, "not found")),
    ],
    refuse: (status) => metaError(status, `answered ${status} as told`),
    expireTokens: () => undefined,
    state: workspace.kept.state,
    snapshot: workspace.kept.snapshot,
    restore: workspace.kept.restore,
    reset() {
      workspace.kept.reset();
      windows.reset();
    },
    page() {
      const { people, events, segments, suppressed } = workspace.kept.data;
      const all = Object.values(people);
      return {
        summary: `${all.length} people, ${Object.keys(events).length} events, ${suppressed.length} suppressed identifiers`,
        tables: [
          {
            title: "Segments",
            columns: ["number", "members"],
            rows: Object.entries(segments).map(([number, members]) => [number, String(Object.keys(members).length)]),
          },
          {
            title: "People",
            note: `The last ${Math.min(SHOWN, all.length)}.`,
            columns: ["cio_id", "id", "email", "attributes"],
            rows: all
              .slice(-SHOWN)
              .reverse()
              .map((one) => [one.cio_id, one.id ?? "", one.email ?? "", JSON.stringify(one.attributes).slice(0, 300)]),
          },
        ],
      };
    },
  };
}
