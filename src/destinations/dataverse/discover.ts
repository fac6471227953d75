import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { FieldType } from "../../core/sync.ts";
import type { DiscoveredField } from "../connector.ts";
import { apiPath, type Ctx, jsonHeaders } from "./batch.ts";
import { requestError } from "./errors.ts";

const label = z.object({ UserLocalizedLabel: z.object({ Label: z.string() }).nullish() }).nullish();
const attribute = z.object({
  LogicalName: z.string(),
  AttributeType: z.string().nullish(),
  IsValidForCreate: z.boolean(),
  IsValidForUpdate: z.boolean(),
  RequiredLevel: z.object({ Value: z.string() }).nullish(),
  DisplayName: label,
});
/** https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/query-metadata-web-api */
const reply = z.object({ value: z.array(z.object({ LogicalName: z.string(), Attributes: z.array(attribute) })) });

/**
 * https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/reference/attributetypecode; choices are numbers
 * there. A DateTime may be a date alone, and is sent as it is; lookups are bound by a navigation property, which no list of columns names.
 */
const types: Readonly<Record<string, FieldType>> = {
  String: "text",
  Memo: "text",
  Boolean: "boolean",
  Integer: "integer",
  BigInt: "integer",
  Picklist: "integer",
  Decimal: "number",
  Double: "number",
  Money: "number",
  Uniqueidentifier: "text",
};

const columns = "LogicalName,AttributeType,IsValidForCreate,IsValidForUpdate,RequiredLevel,DisplayName";

/** The columns of a table by its entity set name, by one request. */
export async function tableColumns(ctx: Ctx, table: string): Promise<readonly DiscoveredField[]> {
  const { body } = await ctx.http.request({
    method: "GET",
    path: `${apiPath(ctx)}/EntityDefinitions`,
    query: {
      $select: "LogicalName",
      $filter: `EntitySetName eq '${table}'`,
      $expand: `Attributes($select=${columns})`,
    },
    headers: jsonHeaders,
    expect: reply,
    mapError: requestError,
  });
  const [entity] = body.value;
  if (entity === undefined) {
    throw new TargetInvalid(`the environment has no table with the entity set name ${table}`, {
      hint: "Write the plural name that the Web API uses, such as contacts.",
    });
  }
  return entity.Attributes.map((one) => ({
    name: one.LogicalName,
    type: types[one.AttributeType ?? ""] ?? null,
    required: one.RequiredLevel?.Value === "ApplicationRequired" && one.IsValidForCreate,
    writable: one.IsValidForCreate || one.IsValidForUpdate,
    ...(one.DisplayName?.UserLocalizedLabel ? { label: one.DisplayName.UserLocalizedLabel.Label } : {}),
  }));
}
