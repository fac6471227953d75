import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { DiscoveredField } from "../connector.ts";
import { question } from "../question.ts";
import { type Ctx, call } from "./api.ts";

const attributes = z.object({
  data: z.array(
    z.object({
      name: z.string(),
      full_name: z.string().nullish(),
      label: z.string().nullish(),
      data_type: z.string().nullish(),
      api_writable: z.boolean().nullish(),
      options: z.array(z.unknown()).nullish(),
      archived: z.boolean().nullish(),
    }),
  ),
});

const types: Readonly<Record<string, FieldType>> = {
  string: "text",
  integer: "integer",
  float: "number",
  boolean: "boolean",
  date: "datetime",
};

export const discoverContacts = (ctx: Ctx): Promise<readonly DiscoveredField[]> => discover(ctx, "contact");
export const discoverCompanies = (ctx: Ctx): Promise<readonly DiscoveredField[]> => discover(ctx, "company");

/** Standard and custom attributes; a custom one is `custom_attributes.<name>`, as in a mapping. https://developers.intercom.com/docs/references/rest-api/api.intercom.io/data-attributes/lisdataattributes */
async function discover(ctx: Ctx, model: "contact" | "company"): Promise<readonly DiscoveredField[]> {
  const { body } = await question(() =>
    call(ctx, {
      method: "GET",
      path: "/data_attributes",
      scope: "Read and list users and companies",
      query: { model },
      expect: attributes,
    }),
  );
  return body.data
    .filter((one) => one.archived !== true)
    .map((one) => {
      const values = (one.options ?? []).filter((value): value is string => typeof value === "string");
      return {
        name: one.full_name ?? one.name,
        type: types[one.data_type ?? ""] ?? null,
        required: false,
        writable: one.api_writable !== false,
        ...(values.length > 0 ? { values } : {}),
        ...(one.label == null ? {} : { label: one.label }),
      };
    });
}
