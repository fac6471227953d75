import { z } from "zod";

/** Settings of the SendGrid stand-in. */
export const sendgridConfig = z.strictObject({
  api_keys: z.array(z.string()).default(["SG.sandbox"]),
  scopes: z.array(z.string()).default(["marketing.read", "marketing", "asm.groups.read", "recipients.erasejob.create"]),
  /** Of all endpoints together; SendGrid publishes no figure. */
  requests_per_minute: z.int().positive().default(600),
  /** Polls until a job is finished. */
  job_polls: z.int().nonnegative().default(1),
  /** Custom fields: id → name and type. */
  custom_fields: z
    .record(z.string(), z.strictObject({ name: z.string(), type: z.enum(["Text", "Number", "Date"]) }))
    .default({
      e1_N: { name: "days_silent", type: "Number" },
      e2_T: { name: "note", type: "Text" },
      e3_D: { name: "last_order", type: "Date" },
    }),
  /** Unsubscribe groups: id → name. */
  groups: z.record(z.string(), z.string()).default({ "7": "Newsletter", "8": "Offers" }),
});

export type SendgridConfig = z.infer<typeof sendgridConfig>;
