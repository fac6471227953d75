import { z } from "zod";

/** Settings of the Customer.io stand-in. */
export const customerioConfig = z.strictObject({
  site_id: z.string().default("sandbox-site"),
  api_key: z.string().default("customerio-sandbox"),
  region: z.enum(["us", "eu"]).default("us"),
  requests_per_s: z.int().positive().default(100),
  /** Numbers of manual segments. */
  segments: z.array(z.int()).default([7, 8]),
});

export type CustomerioConfig = z.infer<typeof customerioConfig>;
