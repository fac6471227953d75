import { z } from "zod";
import type { Target } from "../connector.ts";
import { type Fates, settled } from "../fates.ts";
import { removesOnly } from "../removes-only.ts";
import type { IntercomAccount } from "./account.ts";
import { missing } from "./contact-target.ts";
import { removeContacts } from "./contacts.ts";
import { identifierOf, identifiers, maxSearched } from "./lookup.ts";

const options = z.strictObject({});

/** Deletes contacts for good, all that have the identifier. https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/deletecontact */
export const erasure: Target<IntercomAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Permanent deletion of contacts for privacy requests; cannot be undone",
  options,
  identifiers,
  object: () => "contact/erasure",
  shape(_to, sync) {
    identifierOf(sync);
    return {
      batch: { maxRows: maxSearched, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.removes + Math.ceil(sync.removes / maxSearched),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    await removeContacts(ctx, identifierOf(ctx.sync), "delete", batch.changes, fates);
    return settled(batch.changes, fates, missing);
  },
};
