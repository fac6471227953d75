import { z } from "zod";

/** Settings of the OneSignal stand-in. */
export const onesignalConfig = z.strictObject({
  app_id: z.string().default("5eb5a37e-b458-11e3-ac11-000c2940e62c"),
  keys: z.array(z.string()).default(["onesignal-sandbox"]),
  requests_per_s: z.int().positive().default(1_000),
  views_per_s: z.int().positive().default(1),
  /** Requests a second about one user or subscription. */
  requests_per_user_per_s: z.int().positive().default(10),
});

export type OnesignalConfig = z.infer<typeof onesignalConfig>;
