import { z } from "zod";
import type { Target } from "../connector.ts";
import { type Fates, settled } from "../fates.ts";
import { identified } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { removesOnly } from "../removes-only.ts";
import { type OnesignalAccount, width } from "./account.ts";
import { maxRows, removeUser } from "./user-target.ts";
import { labelOf, missing } from "./users.ts";

const options = z.strictObject({});

/** https://documentation.onesignal.com/reference/delete-user */
export const erasure: Target<OnesignalAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Permanent deletion of users with all subscriptions, for privacy requests; cannot be undone",
  options,
  identifiers: [],
  object: () => "user/erasure",
  shape(_to, sync) {
    labelOf(sync);
    return {
      batch: { maxRows, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.removes,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const label = labelOf(ctx.sync);
    await oneByOne(identified(batch.changes, label, fates), width, fates, (row) => removeUser(ctx, label, row.value));
    return settled(batch.changes, fates, missing);
  },
};
