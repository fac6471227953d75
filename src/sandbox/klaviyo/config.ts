import { z } from "zod";

/** Settings of the Klaviyo stand-in. */
export const klaviyoConfig = z.strictObject({
  api_keys: z.array(z.string()).default(["pk_sandbox"]),
  /** Multiplies every burst and steady limit; 1: as Klaviyo has them. */
  rate_factor: z.number().positive().default(1),
  /** What becomes of an event whose unique_id was recorded by an earlier request. */
  repeated_events: z.enum(["ignored", "refused"]).default("ignored"),
  /** How many polls of an import job still see it unfinished. */
  job_polls: z.int().nonnegative().default(1),
});

export type KlaviyoConfig = z.infer<typeof klaviyoConfig>;
