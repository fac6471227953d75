import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { FieldType } from "../../core/sync.ts";
import type { Value } from "../../core/value.ts";
import type { DiscoveredField } from "../connector.ts";
import { ask, type Ctx } from "./api.ts";

export const identifierNames = ["email", "phone_number_id", "external_id", "anonymous_id"] as const;

/** Reserved fields that may be written. https://www.twilio.com/docs/sendgrid/api-reference/contacts/add-or-update-a-contact */
export const reserved: Readonly<Record<string, FieldType>> = {
  first_name: "text",
  last_name: "text",
  address_line_1: "text",
  address_line_2: "text",
  city: "text",
  state_province_region: "text",
  postal_code: "text",
  country: "text",
  alternate_emails: "json",
};

/** The most characters, by the same page. */
export const maxCharacters: Readonly<Record<string, number>> = {
  email: 254,
  external_id: 254,
  anonymous_id: 254,
  first_name: 50,
  last_name: 50,
  address_line_1: 100,
  address_line_2: 100,
  city: 60,
  state_province_region: 50,
  country: 50,
};

const definitions = z.object({
  custom_fields: z
    .array(z.object({ id: z.string(), name: z.string(), field_type: z.string() }))
    .nullish()
    .transform((fields) => fields ?? []),
});

const types: Readonly<Record<string, FieldType>> = { Number: "number", Date: "date", Text: "text" };

async function customFields(ctx: Ctx): Promise<z.output<typeof definitions>["custom_fields"]> {
  const path = "/v3/marketing/field_definitions";
  return (await ask(ctx, { path, scope: "marketing.read", expect: definitions })).body.custom_fields;
}

/** Custom fields by name and by id: an upsert goes by ids. */
export async function customFieldIds(ctx: Ctx): Promise<Readonly<Record<string, string>>> {
  const fields = await customFields(ctx);
  return Object.fromEntries([...fields.map(({ id }) => [id, id]), ...fields.map(({ id, name }) => [name, id])]);
}

const state = z.object({ custom: z.record(z.string(), z.string()) });

/** The ids of the sync's custom fields, as `prepare` found them, else as they are now. */
export async function idsOf(ctx: Ctx, prepared: Value, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const custom = names.filter((name) => !(name in reserved));
  const known = state.safeParse(prepared).data?.custom ?? {};
  const all = custom.every((name) => Object.hasOwn(known, name)) ? known : await customFieldIds(ctx);
  const missing = custom.find((name) => !Object.hasOwn(all, name));
  if (missing === undefined) return new Map(custom.map((name) => [name, all[name] ?? name]));
  throw new TargetInvalid(`SendGrid has no custom field "${missing}"`, {
    hint: "Make it under Marketing > Custom Fields, or correct the name in the sync's `fields`.",
  });
}

export async function discoverFields(ctx: Ctx): Promise<readonly DiscoveredField[]> {
  const fixed = [...identifierNames.map((name) => [name, "text"] as const), ...Object.entries(reserved)];
  return [
    ...fixed.map(([name, type]): DiscoveredField => ({ name, type, required: false, writable: true })),
    ...(await customFields(ctx)).map(
      ({ name, field_type }): DiscoveredField => ({
        name,
        type: types[field_type] ?? null,
        required: false,
        writable: true,
      }),
    ),
  ];
}
