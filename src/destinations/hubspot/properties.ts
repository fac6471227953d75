import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { DiscoveredField } from "../connector.ts";
import { type Ctx, callJson } from "./api.ts";
import { objectScope } from "./objects.ts";
import { propertiesPath } from "./paths.ts";

/** https://developers.hubspot.com/docs/api-reference/crm-properties-v3/core/get-crm-v3-properties-objectType */
const reply = z.object({
  results: z.array(
    z.object({
      name: z.string(),
      label: z.string().optional(),
      type: z.string(),
      fieldType: z.string().optional(),
      calculated: z.boolean().optional(),
      options: z.array(z.object({ value: z.string(), hidden: z.boolean().optional() })).optional(),
      modificationMetadata: z.object({ readOnlyValue: z.boolean().optional() }).optional(),
    }),
  ),
});

/** An enumeration may hold several values, `a;b`: its value is sent as it is. */
const types: Readonly<Record<string, FieldType>> = {
  string: "text",
  phone_number: "text",
  number: "number",
  bool: "boolean",
  date: "date",
  datetime: "datetime",
};

export const propertyType = (type: string): FieldType | null => types[type] ?? null;

/** The properties of an object, by one request. HubSpot requires none of them by itself. */
export async function listProperties(ctx: Ctx, object: string): Promise<readonly DiscoveredField[]> {
  const { body } = await callJson(ctx, {
    method: "GET",
    path: propertiesPath(ctx.account, object),
    scope: objectScope(object, "read"),
    expect: reply,
  });
  return body.results.map((property) => ({
    name: property.name,
    type: propertyType(property.type),
    required: false,
    writable: property.calculated !== true && property.modificationMetadata?.readOnlyValue !== true,
    ...(property.label === undefined ? {} : { label: property.label }),
    ...(property.type === "enumeration" && property.fieldType !== "checkbox" && (property.options ?? []).length > 0
      ? { values: (property.options ?? []).map(({ value }) => value) }
      : {}),
  }));
}
