import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { Target } from "../connector.ts";
import { delivered, type Fates, noIdentifier } from "../fates.ts";
import { removesOnly } from "../removes-only.ts";
import type { HubspotAccount } from "./account.ts";
import { callBlind } from "./api.ts";
import { done } from "./fates.ts";
import { recordId } from "./objects.ts";
import { erasurePath } from "./paths.ts";
import { identifier } from "./values.ts";

const options = z.strictObject({});

/**
 * Deletes contacts for good, with everything HubSpot holds about them. There is no batch. By email, an address that no contact
 * has is blocked from being used again. https://developers.hubspot.com/docs/api-reference/legacy/crm/objects/contacts/gdpr/gdpr-delete-contact
 */
export const erasure: Target<HubspotAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Permanent deletion of contacts for privacy requests; cannot be undone",
  options,
  identifiers: ["email", recordId],
  object: () => "contacts/erasure",
  shape(_to, sync) {
    if (sync.match.length > 1) {
      throw new ConfigError(`sync "${sync.name}": a contact is erased by email or by ${recordId}`, {
        hint: "Keep one of them in `match`.",
      });
    }
    return {
      batch: { maxRows: 1, mixedOps: false },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.plannedRows,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    for (const change of batch.changes) {
      const by = ctx.sync.match[0] ?? "email";
      const value = identifier(change, by);
      fates.set(change.seq, value === null ? noIdentifier : delivered());
      if (value === null) continue;
      await callBlind(ctx, {
        method: "POST",
        path: erasurePath,
        scope: "crm.objects.contacts.write",
        // A record id that is gone is what was asked for.
        accept: [404],
        json: { objectId: value, ...(by === recordId ? {} : { idProperty: by }) },
      });
    }
    return done(batch.changes, fates);
  },
};
