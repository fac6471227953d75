import { z } from "zod";

/** Settings of the HubSpot stand-in. */
export const hubspotConfig = z.strictObject({
  tokens: z.array(z.string()).default(["pat-sandbox"]),
  client_id: z.string().default("sandbox-id"),
  client_secret: z.string().default("sandbox-secret"),
  refresh_token: z.string().default("sandbox-refresh"),
  portal_id: z.int().default(1234567),
  /** Of the whole app; Free and Starter accounts have 100. */
  requests_per_10s: z.int().positive().default(100),
  requests_per_day: z.int().positive().default(250_000),
  /** Custom events by their fully qualified name: their properties' types. */
  events: z
    .record(z.string(), z.record(z.string(), z.enum(["string", "number", "datetime", "enumeration"])))
    .default({ pe1234567_placed_order: { note: "string", revenue: "number" } }),
  /** Object type id → properties whose values are unique. */
  unique: z.record(z.string(), z.array(z.string())).default({
    "0-1": ["email", "customer_no"],
    "0-2": ["customer_no"],
    "0-3": ["order_no"],
    "2-1": ["sku"],
  }),
});

export type HubspotConfig = z.infer<typeof hubspotConfig>;
