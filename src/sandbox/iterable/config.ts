import { z } from "zod";

/** Settings of the Iterable stand-in: a hybrid project, where email and userId both identify. */
export const iterableConfig = z.strictObject({
  keys: z.array(z.string()).default(["iterable-sandbox"]),
  /** Keys that may not read lists, as those for mobile apps. */
  mobile_keys: z.array(z.string()).default(["iterable-mobile"]),
  /** Drop fields that the project does not have, unless a request says otherwise. */
  drop_unknown_fields: z.boolean().default(false),
  disallowed_events: z.array(z.string()).default([]),
  /** Of users/forget. */
  forget_per_day: z.int().positive().default(1_000),
});

export type IterableConfig = z.infer<typeof iterableConfig>;
