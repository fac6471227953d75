import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import type { FieldType } from "../../core/sync.ts";
import type { Row, Value } from "../../core/value.ts";
import type { TargetSync } from "../connector.ts";
import { onlyFields } from "../only-fields.ts";
import { noIdentifier } from "./fates.ts";
import { givenIdentifiers, identifierName } from "./profiles.ts";

/** Fields of an event besides `properties.<name>`. https://developers.klaviyo.com/en/reference/bulk_create_events */
export const eventFields: Readonly<Record<string, FieldType>> = {
  time: "datetime",
  value: "number",
  value_currency: "text",
  unique_id: "text",
};

/** https://developers.klaviyo.com/en/reference/events_api_overview#limitations: 400 properties, 100 KB a string. */
const maxProperties = 400;
const maxStringBytes = 100_000;

export interface EventRow {
  readonly seq: number;
  readonly event: Row;
  /** What Klaviyo tells events of one metric apart by: no two of a request may share it. */
  readonly identity: string;
}

export interface EventKind {
  readonly metric: string;
  readonly backfill: boolean;
}

/** Throws ConfigError for a field that an event does not have. */
export function checkEventFields(sync: Pick<TargetSync, "name" | "fields">): void {
  onlyFields(
    sync,
    "Klaviyo events",
    (field) => field in eventFields || /^properties\..+/.test(field),
    (field) =>
      `Properties are written as \`properties.${field.replace(/^.*\./, "")}\`; others are ${Object.keys(eventFields).join(", ")}.`,
  );
}

/** One event of one person, or why there is none. Its `unique_id` is the row's key unless mapped: the same event is recorded once. */
export function toEvent(change: Change, { metric, backfill }: EventKind): EventRow | RowFate {
  const identifiers = givenIdentifiers(change.match);
  const [first] = identifiers;
  if (first === undefined) return noIdentifier;
  const { properties, plain } = split(change.fields);
  if (Object.keys(properties).length > maxProperties) return tooManyProperties;
  if (longestBytes(properties) > maxStringBytes) return stringTooLong;
  const uniqueId = typeof plain.unique_id === "string" && plain.unique_id !== "" ? plain.unique_id : change.key;
  const attributes = {
    ...plain,
    properties,
    unique_id: uniqueId,
    metric: { data: { type: "metric", attributes: { name: metric } } },
    ...(backfill ? { backfill } : {}),
  };
  const event = {
    type: "event-bulk-create",
    attributes: {
      profile: { data: { type: "profile", attributes: Object.fromEntries(identifiers) } },
      events: { data: [{ type: "event", attributes }] },
    },
  };
  return { seq: change.seq, event, identity: JSON.stringify([identifierName(...first), uniqueId]) };
}

export function eventsBody(events: readonly Row[]): Row {
  return { data: { type: "event-bulk-create-job", attributes: { "events-bulk-create": { data: events } } } };
}

/** NULL leaves out what an event need not have; a property is sent as NULL. */
function split(fields: Row): { readonly properties: Row; readonly plain: Row } {
  const properties: Record<string, Value> = {};
  const plain: Record<string, Value> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith("properties.")) properties[name.slice("properties.".length)] = value;
    else if (value !== null) plain[name] = value;
  }
  return { properties, plain };
}

function longestBytes(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (value === null || typeof value !== "object") return 0;
  return Math.max(0, ...Object.values(value).map(longestBytes));
}

const tooManyProperties: RowFate = {
  status: "rejected",
  code: "TOO_MANY_PROPERTIES",
  message: "the event has more than 400 properties, the most that Klaviyo takes",
};

const stringTooLong: RowFate = {
  status: "rejected",
  code: "STRING_TOO_LONG",
  message: "a property has a text of more than 100 KB, the most that Klaviyo takes",
};

export const repeatedEvent: RowFate = {
  status: "rejected",
  code: "REPEATED_UNIQUE_ID",
  message: "another row of the same request has this person and unique_id",
};
