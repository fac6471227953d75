import type { Row, Value } from "../../core/value.ts";
import { empty, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import type { Account, Profile } from "./account.ts";
import { badBody, breach, document, invalid, notFound, problem } from "./errors.ts";
import { readFilter } from "./filters.ts";
import { cutPage } from "./paging.ts";
import { createProfile, eraseProfile, flawOf, matchingIds, profileKey, updateProfile } from "./profile-writes.ts";
import { deletionBody, profileCreateBody, profileUpdateBody, profileUpsertBody } from "./schemas.ts";

export const MAX_PROFILE_BYTES = 100_000;
const SHOWN = [
  "email",
  "phone_number",
  "external_id",
  "first_name",
  "last_name",
  "organization",
  "locale",
  "title",
  "image",
];

/** GET /api/profiles?filter=… */
export function listProfiles(account: Account, call: Call): Answer {
  const filter = readFilter(call.query, ["id", "email", "phone_number", "external_id"]);
  if (filter !== null && "status" in filter) return filter;
  const all = [...account.profiles.values()];
  const wanted = filter === null ? all : findProfiles(account, filter.field, filter.values);
  const page = cutPage(call, wanted, { usual: 20, max: 100 });
  if ("status" in page) return page;
  return document(200, { data: page.items.map((profile) => profileResource(call, profile)), links: page.links });
}

/** POST /api/profiles: 409 with the other's id when an identifier is taken. */
export function postProfile(account: Account, call: Call): Answer {
  const tooLarge = sizeFault(call);
  if (tooLarge !== undefined) return tooLarge;
  const parsed = profileCreateBody.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const attributes = parsed.data.data.attributes as Row;
  const [taken] = matchingIds(account, attributes);
  if (taken !== undefined) return duplicate(taken);
  const refused = refuse(account, attributes);
  if (refused !== undefined) return refused;
  const profile = createProfile(account, attributes);
  const rows = { created: [profileKey(attributes, profile.id)] };
  return document(201, { data: profileResource(call, profile) }, { applied: true, rows });
}

/** POST /api/profile-import: 201 created, 200 updated. */
export function upsertProfile(account: Account, call: Call): Answer {
  const tooLarge = sizeFault(call);
  if (tooLarge !== undefined) return tooLarge;
  const parsed = profileUpsertBody.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const { id, meta } = parsed.data.data;
  const attributes = parsed.data.data.attributes as Row;
  const refused = refuse(account, attributes, id);
  if (refused !== undefined) return refused;
  const [first, other] = matchingIds(account, attributes, id);
  if (other !== undefined) return duplicate(other);
  const known = first === undefined ? undefined : account.profiles.get(first);
  const profile = known ?? createProfile(account, attributes);
  if (known !== undefined) updateProfile(account, known, attributes, meta);
  const rows = { [known === undefined ? "created" : "updated"]: [profileKey(attributes, profile.id)] };
  return document(known === undefined ? 201 : 200, { data: profileResource(call, profile) }, { applied: true, rows });
}

/** GET /api/profiles/{id} */
export function getProfile(account: Account, call: Call): Answer {
  const profile = account.profiles.get(call.params.id ?? "");
  return profile === undefined
    ? notFound("profile", call.params.id ?? "")
    : document(200, { data: profileResource(call, profile) });
}

/** PATCH /api/profiles/{id} */
export function patchProfile(account: Account, call: Call): Answer {
  const tooLarge = sizeFault(call);
  if (tooLarge !== undefined) return tooLarge;
  const parsed = profileUpdateBody.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const { id, meta } = parsed.data.data;
  if (id !== call.params.id) return breach(400, "the id of the body is not that of the path", "/data/id");
  const profile = account.profiles.get(id);
  if (profile === undefined) return notFound("profile", id);
  const attributes = parsed.data.data.attributes as Row;
  const refused = refuse(account, { ...profile.attributes, ...attributes }, id);
  if (refused !== undefined) return refused;
  const other = matchingIds(account, attributes).find((match) => match !== id);
  if (other !== undefined) return duplicate(other);
  updateProfile(account, profile, attributes, meta);
  const rows = { updated: [profileKey(profile.attributes, id)] };
  return document(200, { data: profileResource(call, profile) }, { applied: true, rows });
}

/** POST /api/data-privacy-deletion-jobs: one identifier, and every profile that has it is erased. */
export function requestDeletion(account: Account, call: Call): Answer {
  const parsed = deletionBody.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const { id, attributes } = parsed.data.data.attributes.profile.data;
  const given = [id, attributes?.email, attributes?.phone_number].filter((value) => value != null);
  if (given.length !== 1)
    return breach(400, "exactly one of id, email and phone_number is needed", "/data/attributes/profile");
  const flaw = flawOf((attributes ?? {}) as Row);
  if (flaw !== undefined) return invalid(flaw.detail, `/data/attributes/profile/data/attributes/${flaw.field}`);
  const found = matchingIds(account, (attributes ?? {}) as Row, id);
  for (const match of found) {
    const profile = account.profiles.get(match);
    if (profile !== undefined) eraseProfile(account, profile);
  }
  return empty(202, { applied: found.length > 0, rows: { erased: given } });
}

export function findProfiles(account: Account, field: string, values: readonly string[]): readonly Profile[] {
  const ids = values.flatMap((value) =>
    field === "id" ? matchingIds(account, {}, value) : matchingIds(account, { [field]: value }),
  );
  return [...new Set(ids)].flatMap((id) => account.profiles.get(id) ?? []);
}

/** A profile as JSON:API, as a list's member with the instant it joined; consent only when `additional-fields[profile]=subscriptions` asks for it. */
export function profileResource(call: Call, profile: Profile, joined?: string): Value {
  const self = `${call.base}/api/profiles/${profile.id}`;
  const more = (call.query.get("additional-fields[profile]") ?? "").split(",");
  const fields = Object.fromEntries(SHOWN.map((name) => [name, profile.attributes[name] ?? null]));
  return {
    type: "profile",
    id: profile.id,
    attributes: {
      ...fields,
      created: profile.created,
      updated: profile.updated,
      last_event_date: null,
      ...(joined === undefined ? {} : { joined_group_at: joined }),
      location: profile.attributes.location ?? {},
      properties: profile.attributes.properties ?? {},
      ...(more.includes("subscriptions") ? { subscriptions: subscriptionsOf(profile) } : {}),
    },
    relationships: {
      lists: { links: { self: `${self}/relationships/lists`, related: `${self}/lists` } },
      segments: { links: { self: `${self}/relationships/segments`, related: `${self}/segments` } },
    },
    links: { self },
  };
}

export function subscriptionsOf(profile: Profile): Value {
  const email = profile.consent.get("email.marketing");
  const sms = profile.consent.get("sms.marketing");
  return {
    email: {
      marketing: {
        can_receive_email_marketing: email?.consent === "SUBSCRIBED",
        consent: email?.consent ?? "NEVER_SUBSCRIBED",
        consent_timestamp: email?.at ?? null,
        custom_method_detail: email?.source ?? null,
      },
    },
    sms: {
      marketing: {
        can_receive_sms_marketing: sms?.consent === "SUBSCRIBED",
        consent: sms?.consent ?? "NEVER_SUBSCRIBED",
        consent_timestamp: sms?.at ?? null,
      },
    },
  };
}

function refuse(account: Account, attributes: Row, id?: string | null): Answer | undefined {
  const told = account.misbehaviour.forRow("klaviyo", attributes);
  if (told !== undefined)
    return problem(400, { code: told.code ?? "invalid", title: "Invalid input.", detail: told.message });
  const flaw = flawOf(attributes);
  if (flaw !== undefined) return invalid(flaw.detail, `/data/attributes/${flaw.field}`);
  const named =
    id != null || ["email", "phone_number", "external_id", "_kx"].some((name) => typeof attributes[name] === "string");
  if (named) return undefined;
  return invalid(
    "One of the following identifiers must be provided: email, phone_number, external_id",
    "/data/attributes",
  );
}

function sizeFault(call: Call): Answer | undefined {
  return call.body.length > MAX_PROFILE_BYTES ? breach(413, "the profile is larger than 100 KB") : undefined;
}

function duplicate(id: string): Answer {
  return problem(409, {
    code: "duplicate_profile",
    title: "Conflict.",
    detail: "A profile already exists with one of these identifiers.",
    source: { pointer: "/data/attributes" },
    meta: { duplicate_profile_id: id },
  });
}
