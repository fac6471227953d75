import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Value } from "../../core/value.ts";
import type { DiscoveredField } from "../connector.ts";
import { ask, type Ctx } from "./api.ts";
import { fieldType } from "./fields.ts";

const attribute = z.object({ apiName: z.string(), name: z.string(), dataType: z.string().nullish() });
/** https://developer.adobe.com/marketo-apis/api/mapi/#tag/Activities/operation/describeCustomActivityTypeUsingGET */
const typeReply = z.object({
  success: z.literal(true),
  result: z
    .array(
      z.object({
        id: z.int(),
        status: z.string().nullish(),
        primaryAttribute: attribute.nullish(),
        attributes: z.array(attribute).nullish(),
      }),
    )
    .nullish(),
});

/** A custom activity's type as a sync keeps it. */
const activityType = z.object({
  id: z.int(),
  /** Names by API name: a request has both. */
  attributes: z.record(z.string(), z.string()),
});
export type ActivityType = z.output<typeof activityType>;

export function activityTypeOf(prepared: Value): ActivityType {
  const read = activityType.safeParse(prepared);
  if (read.success) return read.data;
  throw new TargetInvalid("the activity type of this sync has not been looked up", { hint: "Run the sync again." });
}

export async function findActivityType(ctx: Ctx, apiName: string): Promise<ActivityType> {
  const { id, attributes } = await describe(ctx, apiName);
  return { id, attributes: Object.fromEntries((attributes ?? []).map((one) => [one.apiName, one.name])) };
}

export async function discoverActivity(ctx: Ctx, apiName: string): Promise<readonly DiscoveredField[]> {
  const { primaryAttribute, attributes } = await describe(ctx, apiName);
  return [
    { name: "activityDate", type: "datetime", required: false, writable: true },
    {
      name: "primaryAttributeValue",
      type: fieldType(primaryAttribute?.dataType),
      required: true,
      writable: true,
      ...(primaryAttribute == null ? {} : { label: primaryAttribute.name }),
    },
    ...(attributes ?? []).map(
      (one): DiscoveredField => ({
        name: `attributes.${one.apiName}`,
        type: fieldType(one.dataType),
        required: false,
        writable: true,
        label: one.name,
      }),
    ),
  ];
}

async function describe(ctx: Ctx, apiName: string) {
  const path = `/rest/v1/activities/external/type/${encodeURIComponent(apiName)}/describe.json`;
  const { body } = await ask(ctx, { path, expect: typeReply });
  const found = body.result?.[0];
  if (found !== undefined && found.status !== "draft" && found.status !== "deleted") return found;
  throw new TargetInvalid(
    found === undefined
      ? `Marketo has no custom activity type "${apiName}"`
      : `Marketo's custom activity type "${apiName}" is not approved`,
    {
      hint: "Make and approve the type in Marketo (Admin > Marketo Custom Activities), and give its API name in `to: {type: …}`.",
    },
  );
}
