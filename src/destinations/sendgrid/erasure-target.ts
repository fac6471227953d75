import { z } from "zod";
import type { Target } from "../connector.ts";
import { accepted, type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { removesOnly } from "../removes-only.ts";
import type { SendgridAccount } from "./account.ts";
import { callJson } from "./api.ts";
import { deleteByEmail } from "./contact-target.ts";
import { jobReply } from "./job.ts";
import { maxLookup } from "./lookup.ts";

const options = z.strictObject({});

/** https://www.twilio.com/docs/sendgrid/api-reference/recipients-data-erasure/erase-recipients-email-data: 5,000 addresses or 256 KB. */
const maxEmails = 5_000;
const maxBytes = 200_000;

/** Deletes the contact, and what SendGrid keeps of the emails it sent to the address. */
export const erasure: Target<SendgridAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Erases people for privacy requests: the contact, and the data of emails sent to the address",
  options,
  identifiers: ["email"],
  object: () => "erasure",
  shape: () => ({
    batch: { maxRows: maxEmails, maxBytes, mixedOps: false },
    resend: "idempotent",
    outcome: "per-batch",
    contents: "changes",
  }),
  requests: (_to, sync) => 2 * Math.ceil(sync.removes / maxLookup) + Math.ceil(sync.removes / maxEmails),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const rows = identified(batch.changes, "email", fates, lowered);
    if (rows.length > 0) {
      await deleteByEmail(
        ctx,
        rows.map((row) => row.change),
        fates,
      );
      await callJson(ctx, {
        method: "POST",
        path: "/v3/recipients/erasejob",
        scope: "recipients.erasejob.create",
        json: { email_addresses: rows.map((row) => row.value) },
        limits: ["api", "erasure"],
        expect: jobReply,
      });
      // Who is no contact may have got email all the same. Neither job names anybody.
      for (const { change } of rows) if (fates.get(change.seq)?.status !== "retry") fates.set(change.seq, accepted);
    }
    return settled(batch.changes, fates, resultMissing("SendGrid"));
  },
};
