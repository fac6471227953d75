import { z } from "zod";
import type { Target } from "../connector.ts";
import { type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { removesOnly } from "../removes-only.ts";
import type { ActiveCampaignAccount } from "./account.ts";
import { width } from "./contact-target.ts";
import { deleteContact } from "./contacts.ts";

const options = z.strictObject({});

/** Deletes contacts for good. There is no batch. https://developers.activecampaign.com/reference/delete-contact */
export const erasure: Target<ActiveCampaignAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Deletes contacts for privacy requests; cannot be undone",
  options,
  identifiers: ["email"],
  object: () => "erasure",
  shape: () => ({
    batch: { maxRows: 50, mixedOps: false },
    resend: "idempotent",
    outcome: "per-row",
    contents: "changes",
  }),
  // A look-up each.
  requests: (_to, sync) => 2 * sync.plannedRows,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const rows = identified(batch.changes, "email", fates, lowered);
    await oneByOne(rows, width, fates, (row) => deleteContact(row, ctx));
    return settled(batch.changes, fates, resultMissing("ActiveCampaign"));
  },
};
