import { z } from "zod";

/** Settings of the Brevo stand-in. */
export const brevoConfig = z.strictObject({
  api_keys: z.array(z.string()).default(["xkeysib-sandbox"]),
  email: z.string().default("owner@example.com"),
  /** Of /contacts and of /events, each; general tier. */
  requests_per_second: z.int().positive().default(10),
  other_requests_per_hour: z.int().positive().default(100),
  /** Polls until an import is completed. */
  job_polls: z.int().nonnegative().default(1),
  /** Attribute → type. */
  attributes: z.record(z.string(), z.enum(["text", "float", "date", "boolean", "calculated"])).default({
    FIRSTNAME: "text",
    LASTNAME: "text",
    DAYS: "float",
    SINCE: "date",
    VIP: "boolean",
    SCORE: "calculated",
  }),
});

export type BrevoConfig = z.infer<typeof brevoConfig>;
