import type { Row } from "../../core/value.ts";
import { empty, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, type List, type Profile, stamp } from "./account.ts";
import { badBody, breach, invalid, notFound } from "./errors.ts";
import { createProfile, flawOf, matchingIds, profileKey } from "./profile-writes.ts";
import { type SubscribeProfile, subscribeBody, type UnsubscribeProfile, unsubscribeBody } from "./schemas.ts";

// Descriptions of bulk_subscribe_profiles and bulk_unsubscribe_profiles, revision 2026-07-15.
const MAX_SUBSCRIBE = 1000;
const MAX_UNSUBSCRIBE = 100;

const channels = ["email", "sms", "whatsapp", "push"] as const;
type Channel = (typeof channels)[number];
type Grant = { readonly channel: string; readonly consentedAt: string | null };

/** POST /api/profile-subscription-bulk-create-jobs: records consent; a double-opt-in list only asks for it. */
export function subscribe(account: Account, call: Call): Answer {
  const parsed = subscribeBody.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const { profiles, historical_import: historical, custom_source: source } = parsed.data.data.attributes;
  if (profiles.data.length > MAX_SUBSCRIBE) return breach(400, `at most ${MAX_SUBSCRIBE} profiles a call`);
  const listId = parsed.data.data.relationships?.list?.data.id;
  const list = listId === undefined ? undefined : account.lists.get(listId);
  if (listId !== undefined && list === undefined) return notFound("list", listId);
  for (const [at, profile] of profiles.data.entries()) {
    const flaw = subscribeFlaw(account, profile, historical === true);
    if (flaw !== undefined) return invalid(flaw, `/data/attributes/profiles/data/${at}`);
  }
  const waits = list?.optIn === "double_opt_in" && historical !== true;
  const keys: string[] = [];
  for (const item of profiles.data) {
    const attributes = identifiersOf(item.attributes);
    const [id] = matchingIds(account, attributes, item.id);
    const profile = (id === undefined ? undefined : account.profiles.get(id)) ?? createProfile(account, attributes);
    keys.push(profileKey(attributes, profile.id));
    if (waits) {
      list.pending.add(profile.id);
      continue;
    }
    for (const { channel, consentedAt } of grantsOf(item)) {
      profile.consent.set(channel, {
        consent: "SUBSCRIBED",
        at: consentedAt ?? stamp(account),
        source: source ?? null,
      });
    }
    list?.members.set(profile.id, list.members.get(profile.id) ?? stamp(account));
    list?.unsubscribed.delete(profile.id);
  }
  const rows = { [waits ? "asked to confirm" : "subscribed"]: keys };
  return empty(202, { applied: keys.length > 0, rows });
}

/** POST /api/profile-subscription-bulk-delete-jobs: from the list, or globally for whoever is not in it. */
export function unsubscribe(account: Account, call: Call): Answer {
  const parsed = unsubscribeBody.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const items = parsed.data.data.attributes.profiles.data;
  if (items.length > MAX_UNSUBSCRIBE) return breach(400, `at most ${MAX_UNSUBSCRIBE} profiles a call`);
  const listId = parsed.data.data.relationships?.list?.data.id;
  const list = listId === undefined ? undefined : account.lists.get(listId);
  if (listId !== undefined && list === undefined) return notFound("list", listId);
  const fromList: string[] = [];
  const globally: string[] = [];
  for (const item of items) {
    const attributes = identifiersOf(item.attributes);
    const [id] = matchingIds(account, attributes);
    const profile = (id === undefined ? undefined : account.profiles.get(id)) ?? createProfile(account, attributes);
    const key = profileKey(attributes, profile.id);
    if (leaveList(list, profile)) fromList.push(key);
    else {
      globally.push(key);
      withdraw(account, item, profile);
    }
  }
  const rows = { "unsubscribed from list": fromList, "unsubscribed globally": globally };
  return empty(202, { applied: items.length > 0, rows });
}

function leaveList(list: List | undefined, profile: Profile): boolean {
  if (list?.members.delete(profile.id) !== true) return false;
  list.unsubscribed.add(profile.id);
  return true;
}

function withdraw(account: Account, item: UnsubscribeProfile, profile: Profile): void {
  for (const channel of channels) {
    const kinds = (item.attributes.subscriptions[channel] ?? {}) as Record<
      string,
      { consent?: string } | null | undefined
    >;
    for (const [kind, value] of Object.entries(kinds)) {
      if (value?.consent !== "UNSUBSCRIBED") continue;
      profile.consent.set(`${channel}.${kind}`, { consent: "UNSUBSCRIBED", at: stamp(account), source: null });
    }
  }
}

function grantsOf(item: SubscribeProfile): readonly Grant[] {
  return channels.flatMap((channel: Channel) => {
    const kinds = (item.attributes.subscriptions[channel] ?? {}) as Record<
      string,
      { consent?: string; consented_at?: string | null } | null | undefined
    >;
    return Object.entries(kinds).flatMap(([kind, value]) =>
      value?.consent === "SUBSCRIBED"
        ? [{ channel: `${channel}.${kind}`, consentedAt: value.consented_at ?? null }]
        : [],
    );
  });
}

function subscribeFlaw(account: Account, item: SubscribeProfile, historical: boolean): string | undefined {
  const { email, phone_number: phone, subscriptions } = item.attributes;
  if (email == null && phone == null && item.id == null) return "an email or a phone_number is needed";
  if (subscriptions.email != null && email == null) return "an email is needed to subscribe to email";
  if ((subscriptions.sms != null || subscriptions.whatsapp != null) && phone == null) {
    return "a phone_number is needed to subscribe to SMS or WhatsApp";
  }
  if (historical) {
    const now = account.clock.now().getTime();
    const fault = grantsOf(item).some(({ consentedAt }) => consentedAt === null || Date.parse(consentedAt) > now);
    if (fault) return "consented_at is required and must be in the past when historical_import is set";
  }
  return flawOf(identifiersOf(item.attributes))?.detail;
}

function identifiersOf(attributes: {
  readonly email?: string | null | undefined;
  readonly phone_number?: string | null | undefined;
}): Row {
  return {
    ...(attributes.email == null ? {} : { email: attributes.email }),
    ...(attributes.phone_number == null ? {} : { phone_number: attributes.phone_number }),
  };
}
