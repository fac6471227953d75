import { z } from "zod";
import type { Target } from "../connector.ts";
import { type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { removesOnly } from "../removes-only.ts";
import type { BrevoAccount } from "./account.ts";
import { deleteContact } from "./contact-target.ts";

const options = z.strictObject({});

/** Deletes contacts for good. There is no batch. https://developers.brevo.com/reference/delete-contact */
export const erasure: Target<BrevoAccount, z.output<typeof options>> = {
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
  requests: (_to, sync) => sync.plannedRows,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const rows = identified(batch.changes, "email", fates, lowered);
    await oneByOne(rows, 5, fates, (row) => deleteContact(row, ctx));
    return settled(batch.changes, fates, resultMissing("Brevo"));
  },
};
