import { z } from "zod";

/** Settings of the Zendesk stand-in. */
export const zendeskConfig = z.strictObject({
  email: z.string().default("admin@example.com"),
  api_token: z.string().default("sandbox-token"),
  access_tokens: z.array(z.string()).default(["sandbox-oauth"]),
  role: z.string().default("admin"),
  requests_per_minute: z.int().positive().default(200),
  /** Polls until a job is completed. */
  job_polls: z.int().nonnegative().default(1),
  /** How a job names its rows: as the description says, or by nothing but ids, as has been seen. */
  results: z.enum(["index", "id"]).default("index"),
  /** Custom fields of users and organizations: key → type. */
  fields: z.record(z.string(), z.enum(["text", "integer", "decimal", "date", "checkbox", "dropdown"])).default({
    days_silent: "integer",
    note: "text",
    plan: "dropdown",
  }),
});

export type ZendeskConfig = z.infer<typeof zendeskConfig>;
