import { z } from "zod";
import type { Value } from "../../core/value.ts";
import { empty, json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, notThere, problem } from "./errors.ts";
import type { Portal } from "./portal.ts";

const MAX_INPUTS = 100;
const MAX_PROPERTIES = 50;
const MAX_CHARACTERS = 1_024;
const NAMES = /^[a-z][a-z0-9_]{0,49}$/;

const body = z.strictObject({
  inputs: z
    .array(
      z.strictObject({
        eventName: z.string(),
        email: z.string().optional(),
        objectId: z.string().optional(),
        utk: z.string().optional(),
        occurredAt: z.iso.datetime().optional(),
        uuid: z.uuid().optional(),
        properties: z.record(z.string(), z.string()),
      }),
    )
    .min(1)
    .max(MAX_INPUTS),
});
type Occurrence = z.infer<typeof body>["inputs"][number];

/** POST /events/v3/send/batch: all or nothing, and nothing is said of one. */
export function sendEvents(portal: Portal, call: Call): Answer {
  const read = body.safeParse(parseJson(call.body));
  if (!read.success) return breach(z.prettifyError(read.error));
  for (const one of read.data.inputs) {
    const fault = faultOf(portal, one);
    if (fault !== null) return problem(400, "VALIDATION_ERROR", fault);
  }
  portal.events.push(...read.data.inputs.map(given));
  return empty(204, { applied: true, rows: { sent: read.data.inputs.map((one) => one.uuid ?? "") } });
}

/** Without what was not given. */
const given = (one: Occurrence): Record<string, Value> =>
  Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)) as Record<string, Value>;

function faultOf({ config, misbehaviour }: Portal, one: Occurrence): string | null {
  const { eventName, email, objectId, utk, properties } = one;
  const known = Object.hasOwn(config.events, eventName) ? config.events[eventName] : undefined;
  if (known === undefined) return `no event ${eventName}`;
  if ([email, objectId, utk].every((value) => value === undefined || value === "")) return "no identifier";
  if (email !== undefined && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return `${email} is not an email address`;
  if (Object.keys(properties).length > MAX_PROPERTIES) return `more than ${MAX_PROPERTIES} properties`;
  for (const [name, value] of Object.entries(properties)) {
    if (!NAMES.test(name)) return `${name} is no name of a property`;
    if (value.length > MAX_CHARACTERS) return `${name} has more than ${MAX_CHARACTERS} characters`;
    if (known[name] === "number" && !Number.isFinite(Number(value))) return `${value} is no number`;
  }
  return misbehaviour.forRow("hubspot", properties)?.message ?? null;
}

/** GET /events/v3/event-definitions/{eventName} */
export function eventDefinition({ config }: Portal, call: Call): Answer {
  const name = call.params.name ?? "";
  const known = Object.hasOwn(config.events, name) ? config.events[name] : undefined;
  if (known === undefined) return notThere(`no event ${name}`);
  return json(200, {
    fullyQualifiedName: name,
    name: name.replace(/^pe\d+_/, ""),
    properties: Object.entries(known).map(([property, type]) => ({ name: property, label: property, type })),
  });
}
