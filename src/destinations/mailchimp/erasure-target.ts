import { z } from "zod";
import type { Target } from "../connector.ts";
import { delivered, type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { removesOnly } from "../removes-only.ts";
import type { MailchimpAccount } from "./account.ts";
import { callBlind, memberPath } from "./api.ts";
import { audienceOption, findAudience, prepared } from "./audience.ts";

const options = z.strictObject({ audience: audienceOption });

/**
 * Deletes people for good, with everything Mailchimp holds about them: they cannot be imported again. There is no batch.
 * https://mailchimp.com/developer/marketing/api/list-members/delete-list-member/
 */
export const erasure: Target<MailchimpAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Permanent deletion of members for privacy requests; cannot be undone",
  options,
  identifiers: ["email"],
  object: (to) => `audience/${to.audience}/erasure`,
  shape: () => ({
    batch: { maxRows: 50, mixedOps: false },
    resend: "idempotent",
    outcome: "per-row",
    contents: "changes",
  }),
  requests: (_to, sync) => sync.plannedRows,
  prepare: async (ctx) => ({ audience: await findAudience(ctx, ctx.options.audience) }),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const rows = identified(batch.changes, "email", fates, lowered);
    const { audience } = prepared(ctx.state);
    await oneByOne(rows, ctx.account.connections, fates, async (row) => {
      const path = `${memberPath(audience, row.value)}/actions/delete-permanent`;
      // Nobody there, or erased before: nothing to erase.
      await callBlind(ctx, { method: "POST", path, accept: [404] });
      return delivered();
    });
    return settled(batch.changes, fates, resultMissing("Mailchimp"));
  },
};
