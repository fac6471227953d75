import { z } from "zod";

// Bodies as the vendor's description of revision 2026-07-15 draws them, closed where Klaviyo refuses unknown attributes.
const text = z.string().nullish();
const properties = z.record(z.string(), z.json()).nullish();
const coordinate = z.union([z.string(), z.number()]).nullish();
const location = z
  .strictObject({
    address1: text,
    address2: text,
    city: text,
    country: text,
    latitude: coordinate,
    longitude: coordinate,
    region: text,
    zip: text,
    timezone: text,
    ip: text,
  })
  .nullish();

const profileFields = {
  email: text,
  phone_number: text,
  external_id: text,
  first_name: text,
  last_name: text,
  organization: text,
  locale: text,
  title: text,
  image: text,
  location,
  properties,
};
const meta = z
  .strictObject({
    patch_properties: z
      .strictObject({
        append: properties,
        unappend: properties,
        unset: z.union([z.string(), z.array(z.string())]).nullish(),
      })
      .nullish(),
    patch_identifiers: z
      .strictObject({
        append: z.record(z.string(), z.json()).optional(),
        unappend: z.record(z.string(), z.json()).optional(),
      })
      .nullish(),
  })
  .nullish();
const profileType = z.literal("profile");

/** A profile to create or update, e.g. one of an import. */
export const profileUpsert = z.strictObject({
  type: profileType,
  id: text,
  attributes: z.strictObject({ ...profileFields, _kx: text }),
  meta,
});
export type ProfileUpsert = z.infer<typeof profileUpsert>;

export const profileUpsertBody = z.strictObject({ data: profileUpsert });
export const profileCreateBody = z.strictObject({
  data: z.strictObject({ type: profileType, attributes: z.strictObject(profileFields) }),
});
export const profileUpdateBody = z.strictObject({
  data: z.strictObject({ type: profileType, id: z.string(), attributes: z.strictObject(profileFields), meta }),
});

const listRef = z.strictObject({ type: z.literal("list"), id: z.string() });

export const importBody = z.strictObject({
  data: z.strictObject({
    type: z.literal("profile-bulk-import-job"),
    attributes: z.strictObject({ profiles: z.strictObject({ data: z.array(profileUpsert) }) }),
    relationships: z
      .strictObject({ lists: z.strictObject({ data: z.array(listRef).optional() }).optional() })
      .optional(),
  }),
});

const optIn = z.enum(["double_opt_in", "single_opt_in"]).nullish();
export const listCreateBody = z.strictObject({
  data: z.strictObject({
    type: z.literal("list"),
    attributes: z.strictObject({ name: z.string().min(1), opt_in_process: optIn }),
  }),
});

export const membersBody = z.strictObject({
  data: z.array(z.strictObject({ type: profileType, id: z.string() })),
});

const consent = <C extends string>(value: C) =>
  z.strictObject({ consent: z.literal(value), consented_at: z.iso.datetime({ offset: true }).nullish() }).nullish();
const withdrawal = z.strictObject({ consent: z.literal("UNSUBSCRIBED") }).nullish();

const subscribeProfile = z.strictObject({
  type: profileType,
  id: text,
  attributes: z.strictObject({
    email: text,
    phone_number: text,
    age_gated_date_of_birth: z.iso.date().nullish(),
    subscriptions: z.strictObject({
      email: z
        .strictObject({
          marketing: consent("SUBSCRIBED"),
          open_tracking: z.strictObject({ consent: z.literal("SUBSCRIBED") }).nullish(),
        })
        .nullish(),
      sms: z.strictObject({ marketing: consent("SUBSCRIBED"), transactional: consent("SUBSCRIBED") }).nullish(),
      whatsapp: z.strictObject({ marketing: consent("SUBSCRIBED"), transactional: consent("SUBSCRIBED") }).nullish(),
      push: z.looseObject({ marketing: consent("SUBSCRIBED") }).nullish(),
    }),
  }),
});
export type SubscribeProfile = z.infer<typeof subscribeProfile>;

const oneList = z.strictObject({ list: z.strictObject({ data: listRef }).optional() }).optional();

export const subscribeBody = z.strictObject({
  data: z.strictObject({
    type: z.literal("profile-subscription-bulk-create-job"),
    attributes: z.strictObject({
      custom_source: text,
      profiles: z.strictObject({ data: z.array(subscribeProfile) }),
      historical_import: z.boolean().nullish(),
    }),
    relationships: oneList,
  }),
});

const unsubscribeProfile = z.strictObject({
  type: profileType,
  attributes: z.strictObject({
    email: text,
    phone_number: text,
    subscriptions: z.strictObject({
      email: z.strictObject({ marketing: withdrawal, open_tracking: withdrawal }).nullish(),
      sms: z.strictObject({ marketing: withdrawal, transactional: withdrawal }).nullish(),
      whatsapp: z
        .strictObject({ marketing: withdrawal, transactional: withdrawal, conversational: withdrawal })
        .nullish(),
      push: z.looseObject({ marketing: withdrawal }).nullish(),
    }),
  }),
});
export type UnsubscribeProfile = z.infer<typeof unsubscribeProfile>;

export const unsubscribeBody = z.strictObject({
  data: z.strictObject({
    type: z.literal("profile-subscription-bulk-delete-job"),
    attributes: z.strictObject({ profiles: z.strictObject({ data: z.array(unsubscribeProfile) }) }),
    relationships: oneList,
  }),
});

const event = z.strictObject({
  type: z.literal("event"),
  attributes: z.strictObject({
    properties: z.record(z.string(), z.json()),
    time: z.iso.datetime({ offset: true }).nullish(),
    value: z.number().nullish(),
    value_currency: text,
    backfill: z.boolean().nullish(),
    metric: z.strictObject({
      data: z.strictObject({
        type: z.literal("metric"),
        attributes: z.strictObject({ name: z.string().min(1).max(127), service: text }),
      }),
    }),
    unique_id: text,
  }),
});
const eventEntry = z.strictObject({
  type: z.literal("event-bulk-create"),
  attributes: z.strictObject({
    backfill: z.boolean().nullish(),
    profile: z.strictObject({
      data: z.strictObject({
        type: profileType,
        id: text,
        attributes: z.strictObject({ ...profileFields, anonymous_id: text, _kx: text }),
        meta,
      }),
    }),
    events: z.strictObject({ data: z.array(event) }),
  }),
});
export type EventEntry = z.infer<typeof eventEntry>;

export const eventsBody = z.strictObject({
  data: z.strictObject({
    type: z.literal("event-bulk-create-job"),
    attributes: z.strictObject({ "events-bulk-create": z.strictObject({ data: z.array(eventEntry) }) }),
  }),
});

const addresses = <T extends string>(type: T) =>
  z.strictObject({
    data: z.strictObject({
      type: z.literal(type),
      attributes: z.strictObject({
        profiles: z.strictObject({
          data: z.array(z.strictObject({ type: profileType, attributes: z.strictObject({ email: z.string() }) })),
        }),
      }),
    }),
  });
export const suppressBody = addresses("profile-suppression-bulk-create-job");
export const unsuppressBody = addresses("profile-suppression-bulk-delete-job");

export const deletionBody = z.strictObject({
  data: z.strictObject({
    type: z.literal("data-privacy-deletion-job"),
    attributes: z.strictObject({
      profile: z.strictObject({
        data: z.strictObject({
          type: profileType,
          id: text,
          attributes: z.strictObject({ email: text, phone_number: text }).optional(),
        }),
      }),
    }),
  }),
});
