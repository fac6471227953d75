import { z } from "zod";

/** Settings of the ActiveCampaign stand-in. */
export const activecampaignConfig = z.strictObject({
  api_keys: z.array(z.string()).default(["ac-sandbox-key"]),
  requests_per_second: z.int().positive().default(5),
  imports_per_minute: z.int().positive().default(100),
  /** Polls until an import is completed. */
  job_polls: z.int().nonnegative().default(1),
  /** Personalization tag → type; ids count from 1. */
  fields: z
    .record(z.string(), z.enum(["text", "textarea", "date", "datetime", "dropdown", "listbox", "checkbox", "radio"]))
    .default({ PLAN: "text", SINCE: "date", SEEN: "datetime", COLOURS: "listbox" }),
  /** Names; ids count from 1. */
  lists: z.array(z.string()).default(["Newsletter", "Lapsing"]),
});

export type ActiveCampaignConfig = z.infer<typeof activecampaignConfig>;
