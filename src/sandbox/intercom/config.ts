import { z } from "zod";

/** Settings of the Intercom stand-in. */
export const intercomConfig = z.strictObject({
  tokens: z.array(z.string()).default(["intercom-sandbox"]),
  workspace_id: z.string().default("sandboxws"),
  requests_per_10s: z.int().positive().default(1_666),
  /** Contacts made within so many milliseconds are not found by a search. */
  search_delay_ms: z.int().nonnegative().default(0),
  /** Custom attributes of contacts with a type; others take any text, number or boolean. */
  attributes: z.record(z.string(), z.enum(["string", "integer", "float", "boolean", "date"])).default({
    days: "integer",
    note: "string",
    vip: "boolean",
  }),
});

export type IntercomConfig = z.infer<typeof intercomConfig>;
