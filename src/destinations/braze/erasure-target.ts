import { z } from "zod";
import type { Target } from "../connector.ts";
import { type Fates, settled } from "../fates.ts";
import { identified } from "../identified.ts";
import { removesOnly } from "../removes-only.ts";
import type { BrazeAccount } from "./account.ts";
import { identityOf } from "./identity.ts";
import { deletedBy, maxDeleted, removeUsers } from "./remove.ts";
import { missing } from "./track.ts";

const options = z.strictObject({ alias_label: z.string().min(1).optional() });
type ErasureOptions = z.output<typeof options>;

/** https://www.braze.com/docs/api/endpoints/user_data/post_user_delete/ */
export const erasure: Target<BrazeAccount, ErasureOptions> = {
  ...removesOnly,
  description: "Permanent deletion of users for privacy requests; cannot be undone",
  options,
  identifiers: [...deletedBy],
  object: () => "user/erasure",
  shape(to, sync) {
    identityOf(to, sync);
    return {
      batch: { maxRows: maxDeleted, mixedOps: true },
      // Whoever is gone cannot be deleted twice.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => Math.ceil(sync.removes / maxDeleted),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const identity = identityOf(ctx.options, ctx.sync);
    await removeUsers(ctx, identity, identified(batch.changes, identity.by, fates), fates);
    return settled(batch.changes, fates, missing);
  },
};
