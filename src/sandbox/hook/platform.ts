import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Row, Value } from "../../core/value.ts";
import { json, parseJson, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, RowsTouched } from "../core/platform.ts";
import type { HookConfig } from "./config.ts";
import { signatureFault } from "./signature.ts";

/** One row of a delivery: `{op, key, fields}` of the standard body, or an object of another body with its key or id. */
interface Event {
  readonly op: string;
  readonly key: string;
  readonly fields: Row;
}

interface State {
  requests: number;
  repeated: number;
  bytes: number;
  /** Idempotency key → hash of the body, and the answer. */
  readonly seen: Map<string, { readonly sha256: string; readonly status: number; readonly body: Value }>;
  /** op → key → how often it was applied. */
  readonly events: Map<string, Map<string, number>>;
  /** Keys present after all that was applied, with the fields last seen. */
  readonly present: Map<string, Row>;
  deliveries: Value[];
}

const KEPT_DELIVERIES = 1000;

const snapshotSchema = z.object({
  requests: z.int(),
  repeated: z.int(),
  bytes: z.int(),
  seen: z.array(z.tuple([z.string(), z.object({ sha256: z.string(), status: z.int(), body: z.json() })])),
  events: z.record(z.string(), z.record(z.string(), z.int())),
  present: z.record(z.string(), z.record(z.string(), z.json())),
  deliveries: z.array(z.json()),
});

function emptyState(): State {
  return {
    requests: 0,
    repeated: 0,
    bytes: 0,
    seen: new Map(),
    events: new Map(),
    present: new Map(),
    deliveries: [],
  };
}

/** A receiver of webhooks: any method and path, JSON or not. */
export function createHook(config: HookConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  let state = emptyState();
  const header = config.header.toLowerCase();

  const handle = (call: Call): Answer => {
    if (config.secret !== undefined) {
      const fault = signatureFault(call.headers["x-millrace-signature"], call.body, config.secret, clock.now());
      if (fault !== undefined) return violated(json(401, { error: fault }), fault);
    }
    const key = call.headers[header];
    const { sha256 } = call;
    const before = key === undefined || !config.idempotent ? undefined : state.seen.get(key);
    if (before !== undefined) {
      if (before.sha256 !== sha256) {
        const fault = "an idempotency key was used again with another body";
        return violated(json(422, { error: fault }), fault);
      }
      state.repeated += 1;
      return json(before.status, before.body, { note: "repeated" });
    }
    const events = config.record === "totals" ? [] : readEvents(call.body);
    const judged = judge(events, misbehaviour);
    const refused = judged.find(({ fault }) => fault !== undefined);
    if (refused?.fault !== undefined && config.answer === "whole") {
      const rows = { refused: events.map((event) => event.key) };
      const { code = "INVALID", message } = refused.fault;
      return json(422, { error: { code, message } }, { rows });
    }
    const good = refused === undefined ? events : judged.flatMap(({ event, fault }) => (fault ? [] : [event]));
    apply(state, config, call, good);
    const rows = touched(
      good,
      judged.flatMap(({ event, fault }) => (fault ? [event.key] : [])),
    );
    const body: Value =
      config.answer === "whole" ? { received: true, rows: events.length } : { results: judged.map(resultOf) };
    if (key !== undefined) state.seen.set(key, { sha256, status: 200, body });
    return json(200, body, { applied: true, rows });
  };

  return {
    name: "hook",
    title: "Webhook",
    routes: [
      { method: "ANY", path: "", handle },
      { method: "ANY", path: "/*", handle },
    ],
    refuse: (status) => json(status, { error: `answered ${status} as told` }),
    expireTokens: () => json(401, { error: "unauthorised, as told" }),
    state: () => ({
      requests: state.requests,
      repeated: state.repeated,
      bytes: state.bytes,
      events: eventsObject(state),
      present: Object.fromEntries(state.present),
      deliveries: state.deliveries,
    }),
    snapshot: () => ({
      requests: state.requests,
      repeated: state.repeated,
      bytes: state.bytes,
      seen: [...state.seen],
      events: eventsObject(state),
      present: Object.fromEntries(state.present),
      deliveries: state.deliveries,
    }),
    restore(snapshot) {
      const saved = snapshotSchema.parse(snapshot);
      state = {
        requests: saved.requests,
        repeated: saved.repeated,
        bytes: saved.bytes,
        seen: new Map(saved.seen as [string, { sha256: string; status: number; body: Value }][]),
        events: new Map(Object.entries(saved.events).map(([op, keys]) => [op, new Map(Object.entries(keys))])),
        present: new Map(Object.entries(saved.present) as [string, Row][]),
        deliveries: saved.deliveries as Value[],
      };
    },
    reset() {
      state = emptyState();
    },
    page: () => ({
      summary: `${state.requests} deliveries applied, ${state.repeated} repeated ones recognised, ${state.present.size} keys present`,
      tables: [
        {
          title: "Rows by operation",
          columns: ["op", "keys", "times applied", "keys applied more than once"],
          rows: [...state.events].map(([op, keys]) => [
            op,
            String(keys.size),
            String([...keys.values()].reduce((sum, times) => sum + times, 0)),
            String([...keys.values()].filter((times) => times > 1).length),
          ]),
        },
      ],
    }),
  };
}

function apply(state: State, config: HookConfig, call: Call, events: readonly Event[]): void {
  state.requests += 1;
  state.bytes += call.body.length;
  for (const event of events) {
    const keys = state.events.get(event.op) ?? new Map<string, number>();
    state.events.set(event.op, keys);
    keys.set(event.key, (keys.get(event.key) ?? 0) + 1);
    if (config.record !== "fields") continue;
    if (event.op === "remove") state.present.delete(event.key);
    else state.present.set(event.key, event.fields);
  }
  if (config.record === "totals") return;
  state.deliveries.push({
    seq: call.seq,
    at: call.at.toISOString(),
    method: call.method,
    path: call.path,
    idempotency_key: call.headers[config.header.toLowerCase()] ?? null,
    rows: events.length,
  });
  if (state.deliveries.length > 2 * KEPT_DELIVERIES) state.deliveries = state.deliveries.slice(-KEPT_DELIVERIES);
}

/** The rows of a body; none when it is not JSON or has no list of objects. Bodies are templated, so nothing is required. */
function readEvents(body: Buffer): Event[] {
  const parsed = parseJson(body);
  const list = isObject(parsed) && Array.isArray(parsed.changes) ? parsed.changes : parsed;
  const items: readonly unknown[] = Array.isArray(list) ? list : [list];
  const events: Event[] = [];
  for (const item of items) {
    if (!isObject(item)) continue;
    const key = item.key ?? item.id;
    if (typeof key !== "string" && typeof key !== "number") continue;
    const fields = isObject(item.fields) ? item.fields : item;
    events.push({ op: typeof item.op === "string" ? item.op : "event", key: String(key), fields: fields as Row });
  }
  return events;
}

type Fault = ReturnType<Misbehaviour["forRow"]>;
interface Judged {
  readonly event: Event;
  readonly fault: Fault;
}

function judge(events: readonly Event[], misbehaviour: Misbehaviour): readonly Judged[] {
  const told = misbehaviour.rejectsRows();
  return events.map((event) => {
    const { op, key, fields } = event;
    return { event, fault: told ? misbehaviour.forRow("hook", { ...fields, key, op }) : undefined };
  });
}

function resultOf({ event, fault }: Judged): Value {
  if (fault === undefined) return { key: event.key, status: "delivered" };
  return { key: event.key, status: "rejected", code: fault.code ?? "INVALID", message: fault.message };
}

function touched(events: readonly Event[], refused: readonly string[]): RowsTouched {
  const rows = new Map<string, string[]>();
  for (const { op, key } of events) {
    const keys = rows.get(op);
    if (keys === undefined) rows.set(op, [key]);
    else keys.push(key);
  }
  return { ...Object.fromEntries(rows), ...(refused.length > 0 ? { refused } : {}) };
}

function eventsObject(state: State): { [op: string]: { [key: string]: number } } {
  return Object.fromEntries([...state.events].map(([op, keys]) => [op, Object.fromEntries(keys)]));
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
