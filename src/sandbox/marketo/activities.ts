import { z } from "zod";
import type { Row } from "../../core/value.ts";
import { parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { answered, breach, type Instance, refused } from "./instance.ts";
import { MAX_LEADS } from "./leads.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const body = z.strictObject({
  input: z
    .array(
      z.strictObject({
        leadId: z.int(),
        activityDate: z.string(),
        activityTypeId: z.int(),
        apiName: z.string().optional(),
        primaryAttributeValue: z.string(),
        attributes: z.array(z.strictObject({ name: z.string(), apiName: z.string().optional(), value: scalar })),
      }),
    )
    .min(1)
    .max(MAX_LEADS),
});
type Activity = z.infer<typeof body>["input"][number];
type ActivityType = Instance["config"]["activity_types"][string];

/** As the pages show names to people. */
const called = (apiName: string): string => apiName.charAt(0).toUpperCase() + apiName.slice(1);

/** GET /rest/v1/activities/external/type/{apiName}/describe.json */
export function describeActivity({ config }: Instance, call: Call): Answer {
  const apiName = call.params.name ?? "";
  const type = Object.hasOwn(config.activity_types, apiName) ? config.activity_types[apiName] : undefined;
  if (type === undefined) return refused("1013", "Object not found");
  const attribute = (name: string, dataType: string): Row => ({ apiName: name, name: called(name), dataType });
  return answered([
    {
      id: type.id,
      apiName,
      name: called(apiName),
      status: "approved",
      primaryAttribute: { ...attribute(type.primary, "string"), isPrimary: true },
      attributes: Object.entries(type.attributes).map(([name, dataType]) => attribute(name, dataType)),
    },
  ]);
}

/** POST /rest/v1/activities/external.json */
export function addActivities(instance: Instance, call: Call): Answer {
  const read = body.safeParse(parseJson(call.body));
  if (!read.success) return breach(z.prettifyError(read.error), "609");
  const added: string[] = [];
  const results = read.data.input.map((one) => {
    const fault = faultOf(instance, one);
    if (fault !== null) return { status: "skipped", errors: [fault] };
    instance.kept.data.activities.push({
      leadId: one.leadId,
      type: one.activityTypeId,
      at: one.activityDate,
      primary: one.primaryAttributeValue,
      attributes: Object.fromEntries(one.attributes.map(({ name, apiName, value }) => [apiName ?? name, value])),
    });
    added.push(String(one.leadId));
    return { id: instance.kept.data.activities.length, status: "added" };
  });
  return answered(results, { added });
}

function faultOf({ config, kept, misbehaviour }: Instance, one: Activity): { code: string; message: string } | null {
  const type = Object.values(config.activity_types).find(({ id }) => id === one.activityTypeId);
  if (type === undefined) return { code: "1003", message: "Invalid activityTypeId" };
  if (kept.data.leads[String(one.leadId)] === undefined) return { code: "1004", message: "Lead not found" };
  if (Number.isNaN(Date.parse(one.activityDate))) return { code: "1001", message: "Invalid activityDate" };
  const told = misbehaviour.forRow("marketo", { primaryAttributeValue: one.primaryAttributeValue });
  if (told !== undefined) return { code: told.code ?? "1003", message: told.message };
  for (const { name, apiName, value } of one.attributes) {
    const wrong = attributeFault(type, apiName ?? name, value);
    if (wrong !== null) return wrong;
  }
  return null;
}

function attributeFault({ attributes }: ActivityType, name: string, value: string | number | boolean) {
  const known = Object.keys(attributes).find((one) => one === name || called(one) === name);
  if (known === undefined) return { code: "1006", message: `Attribute '${name}' not found` };
  const numeric = attributes[known] === "float" || attributes[known] === "integer";
  return numeric && !Number.isFinite(Number(value)) ? { code: "1001", message: `Invalid value for '${name}'` } : null;
}
