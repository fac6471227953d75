import { z } from "zod";

const FIELD_TYPES = [
  "string",
  "textarea",
  "email",
  "phone",
  "url",
  "picklist",
  "boolean",
  "int",
  "double",
  "currency",
  "date",
  "datetime",
  "reference",
] as const;
export type FieldKind = (typeof FIELD_TYPES)[number];

const customField = z.strictObject({
  type: z.enum(FIELD_TYPES).default("string"),
  length: z.int().positive().optional(),
  required: z.boolean().default(false),
  /** May identify records in an upsert. */
  external_id: z.boolean().default(false),
  /** Two records may not share a value. */
  unique: z.boolean().default(false),
  /** For references: the object pointed at. */
  refers_to: z.string().optional(),
});

/** Settings of the Salesforce stand-in. */
export const salesforceConfig = z.strictObject({
  client_id: z.string().default("sandbox-id"),
  client_secret: z.string().default("sandbox-secret"),
  refresh_token: z.string().default("sandbox-refresh"),
  /** The connected app's public key in PEM; without it no assertion's signature is checked. */
  public_key: z.string().optional(),
  /** Two hours is the session time-out of a new org. */
  token_seconds: z.number().positive().default(7200),
  /** Requests per rolling day before REQUEST_LIMIT_EXCEEDED. */
  daily_requests: z.int().positive().default(100_000),
  /** Has the user the permission "Bulk API Hard Delete"? */
  hard_delete: z.boolean().default(true),
  /** How many polls of a bulk job still see it unfinished. */
  job_polls: z.int().nonnegative().default(1),
  /** Custom fields by object. Without `only_listed`, any other field ending in __c is taken too, as text of any kind. */
  objects: z
    .record(
      z.string(),
      z.strictObject({
        fields: z.record(z.string().regex(/__c$/), customField).default({}),
        only_listed: z.boolean().default(false),
      }),
    )
    .default({}),
});

export type SalesforceConfig = z.infer<typeof salesforceConfig>;
