import type { Change } from "../../core/change.ts";
import type { RowFate } from "../../core/result.ts";
import type { Row, Value } from "../../core/value.ts";
import { instantMs } from "../instant.ts";
import { givenIdentifiers } from "./profiles.ts";

export type Channel = "email" | "sms";

const identifierOf = { email: "email", sms: "phone_number" } as const;

export interface Subscriber {
  readonly seq: number;
  readonly change: Change;
  readonly profile: Row;
}

/** A profile with consent for every channel whose identifier the row has, or why there is none. */
export function toSubscriber(
  change: Change,
  channels: readonly Channel[],
  historical: boolean,
  nowMs: number,
): Subscriber | RowFate {
  const usable = usableChannels(change, channels);
  if (usable.length === 0) return channelMissing;
  const consentedAt = change.fields.consented_at ?? null;
  if (historical && !isPast(consentedAt, nowMs)) return noConsent;
  // Outside a historical import Klaviyo refuses the field: the consent counts from now.
  const consent = { consent: "SUBSCRIBED", ...(historical ? { consented_at: consentedAt } : {}) };
  return { seq: change.seq, change, profile: withSubscriptions(change, usable, consent) };
}

export function toUnsubscriber(change: Change, channels: readonly Channel[]): Subscriber | RowFate {
  const usable = usableChannels(change, channels);
  if (usable.length === 0) return channelMissing;
  return { seq: change.seq, change, profile: withSubscriptions(change, usable, { consent: "UNSUBSCRIBED" }) };
}

function usableChannels(change: Change, channels: readonly Channel[]): readonly Channel[] {
  const given = new Set(givenIdentifiers(change.match).map(([name]) => name));
  return channels.filter((channel) => given.has(identifierOf[channel]));
}

function withSubscriptions(change: Change, channels: readonly Channel[], marketing: Row): Row {
  const subscriptions = Object.fromEntries(channels.map((channel) => [channel, { marketing }]));
  const identifiers = givenIdentifiers(change.match).filter(([name]) => name !== "external_id");
  return { type: "profile", attributes: { ...Object.fromEntries(identifiers), subscriptions } };
}

/** https://developers.klaviyo.com/en/reference/bulk_subscribe_profiles: historical imports need a consent in the past. */
function isPast(value: Value, nowMs: number): boolean {
  const atMs = instantMs(value);
  return atMs !== null && atMs <= nowMs;
}

export function subscribeBody(
  profiles: readonly Row[],
  list: string,
  historical: boolean,
  source: string | undefined,
): Row {
  return {
    data: {
      type: "profile-subscription-bulk-create-job",
      attributes: {
        ...(source === undefined ? {} : { custom_source: source }),
        profiles: { data: profiles },
        historical_import: historical,
      },
      relationships: { list: { data: { type: "list", id: list } } },
    },
  };
}

/** Always with the list: without it, the person would be unsubscribed from everything. */
export function unsubscribeBody(profiles: readonly Row[], list: string): Row {
  return {
    data: {
      type: "profile-subscription-bulk-delete-job",
      attributes: { profiles: { data: profiles } },
      relationships: { list: { data: { type: "list", id: list } } },
    },
  };
}

const noConsent: RowFate = {
  status: "rejected",
  code: "NO_CONSENT",
  message: "a historical import needs consented_at, an instant in the past",
};

const channelMissing: RowFate = {
  status: "rejected",
  code: "CHANNEL_IDENTIFIER_MISSING",
  message: "email needs an email, sms a phone_number: the row has neither for its channels",
};
