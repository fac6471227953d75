import { z } from "zod";

/** Settings of the Marketo stand-in. */
export const marketoConfig = z.strictObject({
  client_id: z.string().default("sandbox-client"),
  client_secret: z.string().default("sandbox-secret"),
  /** Of the API-only user's role. */
  permissions: z
    .array(z.enum(["Read-Only Lead", "Read-Write Lead", "Read-Write Activity", "Read-Only Activity Metadata"]))
    .default(["Read-Write Lead", "Read-Write Activity", "Read-Only Activity Metadata"]),
  calls_per_20_seconds: z.int().positive().default(100),
  calls_per_day: z.int().positive().default(50_000),
  /** Polls until an import is complete. */
  import_polls: z.int().nonnegative().default(1),
  /** Fields of leads beside id: REST API name → data type. */
  fields: z
    .record(z.string(), z.enum(["string", "email", "integer", "float", "boolean", "date", "datetime", "text"]))
    .default({
      email: "email",
      firstName: "string",
      lastName: "string",
      notes: "text",
      customerKey: "string",
      daysSilent: "integer",
      unsubscribed: "boolean",
    }),
  /** Approved types of custom activities, by API name. */
  activity_types: z
    .record(
      z.string(),
      z.strictObject({
        id: z.int().positive(),
        primary: z.string(),
        attributes: z.record(z.string(), z.enum(["string", "integer", "float", "boolean", "datetime", "text"])),
      }),
    )
    .default({
      placedOrder: { id: 100_001, primary: "orderNumber", attributes: { note: "text", revenue: "float" } },
    }),
  /** Static lists: name → id. */
  lists: z.record(z.string(), z.int().positive()).default({ Lapsing: 1021 }),
});

export type MarketoConfig = z.infer<typeof marketoConfig>;
