import { z } from "zod";
import type { Target } from "../connector.ts";
import { type Fates, settled } from "../fates.ts";
import { identified } from "../identified.ts";
import { removesOnly } from "../removes-only.ts";
import type { CustomerioAccount } from "./account.ts";
import { maxBatchBytes, maxRows, missing, sendBatch } from "./batch.ts";
import { foldedBy, identifierOf, identifiers } from "./identity.ts";
import { act } from "./people.ts";

const options = z.strictObject({});

/**
 * Deletes people and blocks their identifiers. Suppressing comes first, while the person's other identifiers are known; the
 * deletion after it is for workspaces where suppressing by itself leaves the profile. https://customer.io/docs/api/track/#operation/suppress
 */
export const erasure: Target<CustomerioAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Deletes people for privacy requests and blocks their identifiers from coming back",
  options,
  identifiers,
  object: () => "person/erasure",
  shape(_to, sync) {
    identifierOf(sync);
    return {
      batch: { maxRows, maxBytes: maxBatchBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const by = identifierOf(ctx.sync);
    const rows = identified(batch.changes, by, fates, foldedBy(by));
    await sendBatch(
      ctx,
      rows.flatMap((row) => [act(row, by, "suppress"), act(row, by, "delete")]),
      fates,
    );
    return settled(batch.changes, fates, missing);
  },
};
