import type { Row, Value } from "../../core/value.ts";
import { empty, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, type Event, nextId, stamp } from "./account.ts";
import { badBody, breach, problem } from "./errors.ts";
import { createProfile, flawOf, matchingIds, profileKey } from "./profile-writes.ts";
import { type EventEntry, eventsBody } from "./schemas.ts";

// Description of bulk_create_events, revision 2026-07-15.
const MAX_EVENTS = 1000;
const MAX_BODY_BYTES = 5_000_000;
const MAX_STRING_BYTES = 100_000;
const MAX_PROPERTIES = 400;
const YEAR_MS = 365 * 86_400_000;
const OLDEST = "1990-01-01T00:00:00Z";

type Fault = { readonly detail: string; readonly pointer: string; readonly code?: string };

/** POST /api/event-bulk-create-jobs: all events of the request or, when one is refused, none. */
export function createEvents(account: Account, call: Call): Answer {
  if (call.body.length > MAX_BODY_BYTES) return breach(413, "the payload is larger than 5 MB");
  const parsed = eventsBody.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const entries = parsed.data.data.attributes["events-bulk-create"].data;
  const count = entries.reduce((sum, entry) => sum + entry.attributes.events.data.length, 0);
  if (count > MAX_EVENTS) return breach(400, `at most ${MAX_EVENTS} events a request`);
  const faults = [...entries.flatMap((entry, at) => entryFaults(account, entry, at)), ...repetitions(account, entries)];
  if (faults.length > 0) {
    return problem(
      400,
      ...faults.map(({ detail, pointer, code = "invalid" }) => ({
        code,
        title: "Invalid input.",
        detail,
        source: { pointer },
      })),
    );
  }
  const recorded: string[] = [];
  const repeated: string[] = [];
  for (const { attributes } of entries) {
    const about = attributes.profile.data.attributes as Row;
    const [known] = matchingIds(account, about, attributes.profile.data.id);
    const profile = known ?? createProfile(account, about).id;
    for (const { attributes: given } of attributes.events.data) {
      const event = toEvent(account, profile, given);
      const twin = account.events.get(identityOf(event));
      (twin === undefined ? recorded : repeated).push(profileKey(about, profile));
      if (twin === undefined) account.events.set(identityOf(event), event);
    }
  }
  return empty(202, { applied: recorded.length > 0, rows: { recorded, "recorded before": repeated } });
}

type Given = EventEntry["attributes"]["events"]["data"][number]["attributes"];

function toEvent(account: Account, profile: string, given: Given): Event {
  const time = given.time ?? stamp(account);
  return {
    id: nextId(account, "V"),
    profile,
    metric: given.metric.data.attributes.name,
    // Without one, an event is told apart by its second.
    uniqueId: given.unique_id ?? String(Math.floor(Date.parse(time) / 1000)),
    time,
    value: given.value ?? null,
    properties: given.properties as Value,
  };
}

const identityOf = (event: Pick<Event, "profile" | "metric" | "uniqueId">): string =>
  JSON.stringify([event.profile, event.metric, event.uniqueId]);

const base = (at: number) => `/data/attributes/events-bulk-create/data/${at}/attributes`;

function entryFaults(account: Account, { attributes }: EventEntry, at: number): readonly Fault[] {
  const about = attributes.profile.data.attributes as Row;
  const told = account.misbehaviour.forRow("klaviyo", about);
  if (told !== undefined) return [{ detail: told.message, pointer: base(at) }];
  const flaw = flawOf(about);
  const person = `${base(at)}/profile/data/attributes`;
  if (flaw !== undefined) return [{ detail: flaw.detail, pointer: `${person}/${flaw.field}` }];
  if (profileKey(about, attributes.profile.data.id) === "")
    return [{ detail: "an identifier is needed", pointer: person }];
  return attributes.events.data.flatMap((event, i) => {
    const fault = eventFault(account, event.attributes);
    return fault === undefined
      ? []
      : [{ detail: fault.detail, pointer: `${base(at)}/events/data/${i}/attributes/${fault.pointer}` }];
  });
}

function eventFault(account: Account, event: Given): Fault | undefined {
  if (Object.keys(event.properties).length > MAX_PROPERTIES) {
    return { detail: `at most ${MAX_PROPERTIES} properties`, pointer: "properties" };
  }
  const long = JSON.stringify(event.properties, (_name, value: unknown) =>
    typeof value === "string" && Buffer.byteLength(value) > MAX_STRING_BYTES ? "\u0000long" : value,
  ).includes("\\u0000long");
  if (long) return { detail: "a string is larger than 100 KB", pointer: "properties" };
  const at = event.time == null ? null : Date.parse(event.time);
  const latest = account.clock.now().getTime() + YEAR_MS;
  if (at !== null && (at < Date.parse(OLDEST) || at > latest)) {
    return { detail: "time must be after 1990 and at most a year ahead", pointer: "time" };
  }
  return undefined;
}

/**
 * A unique_id that comes twice in a request refuses it. The description does not say whether one that was recorded
 * earlier does, so `repeated_events` chooses.
 */
function repetitions(account: Account, entries: readonly EventEntry[]): readonly Fault[] {
  const seen = new Set<string>();
  return entries.flatMap(({ attributes }, at) => {
    const about = attributes.profile.data.attributes as Row;
    const [known] = matchingIds(account, about, attributes.profile.data.id);
    const profile = known ?? profileKey(about, attributes.profile.data.id);
    return attributes.events.data.flatMap(({ attributes: event }, i) => {
      if (event.unique_id == null) return [];
      const identity = identityOf({ profile, metric: event.metric.data.attributes.name, uniqueId: event.unique_id });
      const recorded = account.config.repeated_events === "refused" && account.events.has(identity);
      if (!seen.has(identity) && !recorded) {
        seen.add(identity);
        return [];
      }
      const pointer = `${base(at)}/events/data/${i}/attributes/unique_id`;
      return [{ detail: "unique_id is repeated", pointer, code: "duplicate" }];
    });
  });
}
