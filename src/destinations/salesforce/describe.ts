import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { DiscoveredField, TargetCtx } from "../connector.ts";
import type { SalesforceAccount } from "./account.ts";
import { callJson } from "./api.ts";

/** https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm */
const reply = z.object({
  fields: z.array(
    z.object({
      name: z.string(),
      label: z.string(),
      type: z.string(),
      nillable: z.boolean(),
      defaultedOnCreate: z.boolean(),
      createable: z.boolean(),
      updateable: z.boolean(),
      restrictedPicklist: z.boolean().optional(),
      picklistValues: z.array(z.object({ value: z.string(), active: z.boolean() })).optional(),
    }),
  ),
});

/**
 * https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm; what is missing is sent as it is: a
 * multipicklist takes a list, and anyType, base64 and compound fields have no type of ours.
 */
const types: Readonly<Record<string, FieldType>> = {
  string: "text",
  textarea: "text",
  email: "text",
  phone: "text",
  url: "text",
  picklist: "text",
  combobox: "text",
  reference: "text",
  id: "text",
  encryptedstring: "text",
  boolean: "boolean",
  int: "integer",
  double: "number",
  currency: "number",
  percent: "number",
  date: "date",
  datetime: "datetime",
};

/** The fields of an object, by one request. */
export async function describeObject(
  ctx: TargetCtx<SalesforceAccount, unknown>,
  object: string,
): Promise<readonly DiscoveredField[]> {
  const { body } = await callJson(ctx, { method: "GET", path: `/sobjects/${object}/describe`, expect: reply });
  return body.fields.map((field) => ({
    name: field.name,
    type: types[field.type] ?? null,
    required: field.createable && !field.nillable && !field.defaultedOnCreate,
    writable: field.createable || field.updateable,
    label: field.label,
    ...(field.restrictedPicklist === true && field.type === "picklist"
      ? { values: (field.picklistValues ?? []).filter(({ active }) => active).map(({ value }) => value) }
      : {}),
  }));
}
