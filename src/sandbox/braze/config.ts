import { z } from "zod";

/** Settings of the Braze stand-in. */
export const brazeConfig = z.strictObject({
  keys: z.array(z.string()).default(["braze-sandbox"]),
  /** Keys that lack the permission named. */
  lacking: z.record(z.string(), z.array(z.string())).default({}),
  groups: z.array(z.string()).default(["504e09e6-ffa4-4b31-96c3-c05d50d903cf"]),
  track_requests_per_3s: z.int().positive().default(3_000),
});

export type BrazeConfig = z.infer<typeof brazeConfig>;
