import { z } from "zod";

/**
 * HubSpot's requests as its reference pages and the types of its published client (@hubspot/api-client 14.0.1) have them: the
 * vendor's own OpenAPI description may not be redistributed. Written apart from the connector; unknown members are faults.
 */
const id = z.strictObject({ id: z.string().min(1) });
const text = z.record(z.string(), z.string());
const inputs = <T extends z.ZodType>(input: T, max: number) =>
  z.strictObject({ inputs: z.array(input).min(1).max(max) });

/** SimplePublicObjectBatchInputUpsert, SimplePublicObjectBatchInput */
const write = z.strictObject({
  id: z.string().min(1),
  idProperty: z.string().optional(),
  objectWriteTraceId: z.string().optional(),
  properties: text,
});
/** BatchReadInputSimplePublicObjectId */
const read = z.strictObject({
  idProperty: z.string().optional(),
  inputs: z.array(id).min(1).max(100),
  properties: z.array(z.string()),
  propertiesWithHistory: z.array(z.string()),
});
/** AssociationSpec */
const spec = z.strictObject({
  associationCategory: z.enum(["HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED", "WORK"]),
  associationTypeId: z.int(),
});
/** PublicAssociationMultiPost */
const pair = z.strictObject({ from: id, to: id, types: z.array(spec) });
const status = z.strictObject({
  subscriberIdString: z.string(),
  subscriptionId: z.int(),
  statusState: z.enum(["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"]),
  channel: z.enum(["EMAIL"]),
  legalBasis: z.string().optional(),
  legalBasisExplanation: z.string().optional(),
});

/** BatchedBehavioralEventHttpCompletionRequest */
const occurrence = z.strictObject({
  eventName: z.string(),
  properties: text,
  email: z.string().optional(),
  objectId: z.string().optional(),
  utk: z.string().optional(),
  uuid: z.string().optional(),
  occurredAt: z.iso.datetime().optional(),
});

const objects = String.raw`/crm/(?:v3/objects|objects/2026-03)/[\w-]+`;
const lists = `/crm/(?:v3/lists|lists/2026-03)`;
const links = String.raw`/crm/(?:v4/associations|associations/2026-03)/[\w-]+/[\w-]+/batch`;
const preferences = `/communication-preferences/(?:v4|2026-03)`;
const nothing = z.literal("");

const operations: readonly (readonly [string, string, z.ZodType])[] = [
  ["GET", objects, nothing],
  ["POST", `${objects}/batch/upsert`, inputs(write.required({ idProperty: true }), 100)],
  ["POST", `${objects}/batch/update`, inputs(write, 100)],
  ["POST", `${objects}/batch/read`, read],
  ["POST", `${objects}/batch/archive`, inputs(id, 100)],
  [
    "POST",
    "/crm/v3/objects/contacts/gdpr-delete",
    z.strictObject({ objectId: z.string(), idProperty: z.string().optional() }),
  ],
  ["GET", String.raw`/crm/(?:v3/properties|properties/2026-03)/[\w-]+`, nothing],
  ["GET", String.raw`${lists}/\d+`, nothing],
  ["GET", String.raw`${lists}/object-type-id/[\d-]+/name/[^/]+`, nothing],
  [
    "POST",
    `${lists}/`,
    z.strictObject({
      name: z.string(),
      objectTypeId: z.string(),
      processingType: z.enum(["MANUAL", "SNAPSHOT", "DYNAMIC"]),
    }),
  ],
  ["PUT", String.raw`${lists}/\d+/memberships/(?:add|remove)`, z.array(z.string().regex(/^\d+$/)).min(1)],
  ["POST", `${links}/associate/default`, inputs(z.strictObject({ from: id, to: id }), 2_000)],
  ["POST", `${links}/create`, inputs(pair, 2_000)],
  ["POST", `${links}/archive`, inputs(z.strictObject({ from: id, to: z.array(id).min(1) }), 2_000)],
  ["POST", `${links}/labels/archive`, inputs(pair, 2_000)],
  ["GET", `${preferences}/definitions`, nothing],
  ["POST", `${preferences}/statuses/batch/write`, inputs(status, 100)],
  ["POST", `${preferences}/statuses/batch/read`, inputs(z.string(), 100)],
  ["POST", "/events/v3/send/batch", z.strictObject({ inputs: z.array(occurrence).min(1) })],
  ["GET", "/events/v3/event-definitions/[^/]+", nothing],
  ["GET", "/account-info/v3/details", nothing],
];

/** What the pages and types have against the request; null: they describe no such operation. */
export function hubspotRequestFaults(exchange: {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}): readonly string[] | null {
  const found = operations.find(
    ([method, path]) => method === exchange.method && new RegExp(`^${path}$`).test(exchange.path),
  );
  if (found === undefined) return null;
  const body: unknown = exchange.body === "" ? "" : JSON.parse(exchange.body);
  const read = found[2].safeParse(body);
  return read.success ? [] : read.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
}
