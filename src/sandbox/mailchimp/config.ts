import { z } from "zod";

/** Settings of the Mailchimp stand-in. */
export const mailchimpConfig = z.strictObject({
  api_keys: z.array(z.string()).default(["sandbox-us6"]),
  tokens: z.array(z.string()).default(["sandbox-token"]),
  account_id: z.string().default("8d3a3db4d97663a9074efcc16"),
  /** Id → name. */
  audiences: z.record(z.string(), z.string()).default({ a1b2c3d4e5: "Newsletter" }),
  /** Merge tag → type; required ones end with "!". */
  merge_fields: z
    .record(z.string(), z.string())
    .default({ FNAME: "text", LNAME: "text", DAYS: "number", LASTORDER: "date", ADDRESS: "address", SIZE: "dropdown" }),
});

export type MailchimpConfig = z.infer<typeof mailchimpConfig>;
