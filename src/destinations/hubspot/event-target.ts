import { createHash } from "node:crypto";
import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { ConfigError } from "../../core/errors.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { DiscoveredField, Target, TargetSync } from "../connector.ts";
import { accepted, type Fates, noIdentifier, rejected, resultMissing, settled } from "../fates.ts";
import { happenedMs } from "../instant.ts";
import { onlyFields } from "../only-fields.ts";
import type { HubspotAccount } from "./account.ts";
import { type Ctx, callBlind, callJson } from "./api.ts";
import { eventDefinitionPath, eventsPath } from "./paths.ts";
import { propertyType } from "./properties.ts";
import { identifier, propertyText } from "./values.ts";

const options = z.strictObject({
  /** The event's fully qualified name, `pe{Hub ID}_{name}`. It is defined in HubSpot. */
  event: z.string().trim().min(1),
});
type EventOptions = z.output<typeof options>;

/** What finds the record: a contact's address, a record's id, a visitor's token. */
const identifiers = ["email", "objectId", "utk"] as const;
/** No figure is published: as the objects' batches. */
const maxEvents = 100;
/** https://developers.hubspot.com/docs/api-reference/events-send-event-completions-v3/guide */
const maxProperties = 50;
const maxCharacters = 1_024;

/** Occurrences of one custom event. Nothing says that HubSpot knows a second copy by its uuid, so each is sent once. */
export const event: Target<HubspotAccount, EventOptions> = {
  description: "Occurrences of one custom event; sent once",
  kind: "stream",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: { occurredAt: "datetime" }, others: "allowed" },
  ops: ["add"],
  modes: ["append"],
  onlyIfEmpty: false,
  object: (to) => `event/${to.event}`,
  shape(_to, sync) {
    identifierOf(sync);
    checkFields(sync);
    return {
      batch: { maxRows: maxEvents, maxBytes: 1_000_000, mixedOps: true },
      resend: "once",
      outcome: "per-batch",
      contents: "changes",
    };
  },
  requests: (_to, sync) => Math.ceil(sync.plannedRows / maxEvents),
  discover: (ctx) => discover(ctx, ctx.options.event),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const inputs: Row[] = [];
    for (const change of batch.changes) {
      const made = toOccurrence(change, ctx.options, ctx.sync);
      if ("status" in made) fates.set(change.seq, made);
      else inputs.push(made.occurrence);
    }
    if (inputs.length > 0) {
      const scope = "behavioral_events.send";
      await callBlind(ctx, { method: "POST", path: `${eventsPath}/send/batch`, scope, json: { inputs } });
      for (const { seq } of batch.changes) if (!fates.has(seq)) fates.set(seq, accepted);
    }
    return settled(batch.changes, fates, resultMissing("HubSpot", "once"));
  },
};

function identifierOf(sync: TargetSync): (typeof identifiers)[number] {
  const [only, ...others] = sync.match;
  const known = identifiers.find((name) => name === only);
  if (others.length === 0 && (known !== undefined || only === undefined)) return known ?? "email";
  throw new ConfigError(`sync "${sync.name}": an event goes to one of ${identifiers.join(", ")}`, {
    hint: "Keep one of them in `match`.",
  });
}

function checkFields(sync: TargetSync): void {
  onlyFields(
    sync,
    "HubSpot's events",
    (name) => name === "occurredAt" || /^properties\.[a-z]\w{0,49}$/.test(name),
    "Fields are occurredAt, and `properties.<internal name>` for anything else.",
  );
  if (sync.fields.length - (sync.fields.includes("occurredAt") ? 1 : 0) <= maxProperties) return;
  throw new ConfigError(`sync "${sync.name}": an event of HubSpot has at most ${maxProperties} properties`, {
    hint: "Map fewer fields.",
  });
}

export function toOccurrence(
  change: Change,
  to: EventOptions,
  sync: TargetSync,
): { readonly occurrence: Row } | RowFate {
  const by = identifierOf(sync);
  const value = identifier(change, by);
  if (value === null) return noIdentifier;
  const { occurredAt, ...fields } = change.fields;
  const atMs = happenedMs(occurredAt, sync);
  if (atMs === null) return rejected("TIME_UNREADABLE", "occurredAt is no instant");
  const properties: Record<string, string> = {};
  for (const [name, raw] of Object.entries(fields)) {
    if (raw === null) continue;
    const text = propertyText(raw);
    if (text.length > maxCharacters) {
      return rejected("PROPERTY_TOO_LONG", `${name} has more than ${maxCharacters} characters`);
    }
    properties[name.slice("properties.".length)] = text;
  }
  const uuid = uuidOf(`${sync.name}\n${to.event}\n${change.key}`);
  return {
    occurrence: { eventName: to.event, [by]: value, occurredAt: new Date(atMs).toISOString(), uuid, properties },
  };
}

/** The same for the same event of the same sync, so that a copy can be found by it. Version 8 of RFC 9562: of our own making. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const definition = z.object({
  properties: z.array(z.object({ name: z.string(), label: z.string().nullish(), type: z.string().nullish() })),
});

/** https://developers.hubspot.com/docs/api-reference/events-manage-event-definitions-v3/guide */
async function discover(ctx: Ctx, name: string): Promise<readonly DiscoveredField[]> {
  const { body } = await callJson(ctx, {
    method: "GET",
    path: eventDefinitionPath(name),
    scope: "behavioral_events.event_definitions.read_write",
    expect: definition,
  });
  return [
    { name: "occurredAt", type: "datetime", required: false, writable: true },
    ...body.properties.map((one) => ({
      name: `properties.${one.name}`,
      type: propertyType(one.type ?? ""),
      required: false,
      writable: true,
      ...(one.label == null ? {} : { label: one.label }),
    })),
  ];
}
