import { z } from "zod";

/** Settings of the webhook receiver. */
export const hookConfig = z.strictObject({
  /** A request whose idempotency key was seen before is answered as before and not applied again. */
  idempotent: z.boolean().default(true),
  /** Name of the idempotency header. */
  header: z.string().default("Idempotency-Key"),
  /** When set, requests must be signed with it. */
  secret: z.string().optional(),
  /** whole: one status for all rows. per_row: 200 with `{results: [{key, status, code?, message?}]}`, and only good rows are applied. */
  answer: z.enum(["whole", "per_row"]).default("whole"),
  /** fields: keeps each key's last fields; keys: counts per key; totals: counts only, and the body is not parsed. */
  record: z.enum(["fields", "keys", "totals"]).default("fields"),
});

export type HookConfig = z.infer<typeof hookConfig>;
