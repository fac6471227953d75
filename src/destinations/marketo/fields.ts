import { z } from "zod";
import type { FieldType } from "../../core/sync.ts";
import type { DiscoveredField } from "../connector.ts";
import { ask, type Ctx } from "./api.ts";

const field = z.object({
  name: z.string(),
  displayName: z.string().nullish(),
  dataType: z.string(),
  updateable: z.boolean().nullish(),
});
/** https://developer.adobe.com/marketo-apis/api/mapi/#tag/Leads/operation/describeUsingGET_6 */
const description = z.object({
  success: z.literal(true),
  result: z.array(z.object({ fields: z.array(z.unknown()) })).nullish(),
});

/** https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/field-types; the others are text. */
const types: Readonly<Record<string, FieldType>> = {
  boolean: "boolean",
  currency: "number",
  date: "date",
  datetime: "datetime",
  float: "number",
  integer: "integer",
  percent: "number",
  score: "integer",
};

export const fieldType = (dataType: string | null | undefined): FieldType => types[dataType ?? ""] ?? "text";

export async function discoverFields(ctx: Ctx): Promise<readonly DiscoveredField[]> {
  const { body } = await ask(ctx, { path: "/rest/v1/leads/describe2.json", expect: description });
  const told = (body.result ?? []).flatMap((one) => one.fields);
  return told.flatMap((raw): readonly DiscoveredField[] => {
    const read = field.safeParse(raw);
    if (!read.success) return [];
    const { name, displayName, dataType, updateable } = read.data;
    return [
      {
        name,
        type: fieldType(dataType),
        required: false,
        writable: updateable !== false,
        ...(displayName == null ? {} : { label: displayName }),
      },
    ];
  });
}
