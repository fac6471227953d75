import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { Row, Value } from "../../core/value.ts";
import type { DiscoveredField } from "../connector.ts";
import { ask, type Ctx } from "./api.ts";

/** What differs between users and organizations. */
export interface Thing {
  readonly plural: "users" | "organizations";
  readonly customField: RegExp;
  /** Where custom fields stand in a record. */
  readonly customKey: "user_fields" | "organization_fields";
  readonly fields: Readonly<Record<string, FieldType>>;
}

/** https://developer.zendesk.com/api-reference/ticketing/users/users/#json-format. A role is nothing that a sync gives. */
export const users: Thing = {
  plural: "users",
  customField: /^user_fields\.(\w{1,255})$/,
  customKey: "user_fields",
  fields: {
    name: "text",
    email: "text",
    external_id: "text",
    phone: "text",
    alias: "text",
    details: "text",
    notes: "text",
    locale: "text",
    time_zone: "text",
    organization_id: "integer",
    tags: "json",
    verified: "boolean",
    suspended: "boolean",
  },
};

/** https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#json-format */
export const organizations: Thing = {
  plural: "organizations",
  customField: /^organization_fields\.(\w{1,255})$/,
  customKey: "organization_fields",
  fields: {
    name: "text",
    details: "text",
    notes: "text",
    domain_names: "json",
    group_id: "integer",
    tags: "json",
    shared_tickets: "boolean",
    shared_comments: "boolean",
  },
};

export const isField = (thing: Thing, name: string): boolean => name in thing.fields || thing.customField.test(name);

/** The record as it is sent; NULL clears. */
export function toRecord(thing: Thing, fields: Row): Row {
  const own: Record<string, Value> = {};
  const custom: Record<string, Value> = {};
  for (const [name, value] of Object.entries(fields)) {
    const key = thing.customField.exec(name)?.[1];
    if (key !== undefined) custom[key] = customValue(value);
    else own[name] = (name === "tags" || name === "domain_names") && !Array.isArray(value) ? listOf(value) : value;
  }
  return { ...own, ...(Object.keys(custom).length === 0 ? {} : { [thing.customKey]: custom }) };
}

const customValue = (value: Value): Value =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : value;

const listOf = (value: Value): Value => (typeof value === "string" && value !== "" ? [value] : []);

const page = z.object({
  user_fields: z.array(z.unknown()).optional(),
  organization_fields: z.array(z.unknown()).optional(),
  next_page: z.string().nullish(),
});
const field = z.object({
  key: z.string(),
  type: z.string(),
  title: z.string().nullish(),
  active: z.boolean().nullish(),
  custom_field_options: z.array(z.object({ value: z.string() })).nullish(),
});

/** https://developer.zendesk.com/api-reference/ticketing/users/user_fields/#json-format */
const types: Readonly<Record<string, FieldType>> = {
  checkbox: "boolean",
  date: "date",
  decimal: "number",
  integer: "integer",
};

export async function discoverFields(ctx: Ctx, thing: Thing): Promise<readonly DiscoveredField[]> {
  const found: z.output<typeof field>[] = [];
  for (let at = 1, more = true; more; at++) {
    const { body } = await ask(ctx, { path: `/${thing.customKey}`, query: { page: at, per_page: 100 }, expect: page });
    found.push(...(body[thing.customKey] ?? []).flatMap((raw) => field.safeParse(raw).data ?? []));
    more = typeof body.next_page === "string";
  }
  const fixed = Object.entries(thing.fields).map(
    ([name, type]): DiscoveredField => ({ name, type, required: name === "name", writable: true }),
  );
  const custom = found.map((one): DiscoveredField => {
    const values = (one.custom_field_options ?? []).map(({ value }) => value);
    return {
      name: `${thing.customKey}.${one.key}`,
      type: types[one.type] ?? "text",
      required: false,
      writable: one.active !== false,
      ...(values.length === 0 ? {} : { values }),
      ...(one.title == null ? {} : { label: one.title }),
    };
  });
  return [...fixed, ...custom];
}
