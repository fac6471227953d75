import { z } from "zod";
import type { Target } from "../connector.ts";
import { delivered, type Fates, settled } from "../fates.ts";
import { identified } from "../identified.ts";
import { removesOnly } from "../removes-only.ts";
import type { IterableAccount } from "./account.ts";
import { apiReply, call } from "./api.ts";
import { foldedBy, identifierOf, identifiers } from "./identity.ts";
import { missing, removalFate } from "./user-target.ts";

const options = z.strictObject({});

/** Forgets people: their data is deleted and none is taken again. Three requests a second, 1,000 a day. https://api.iterable.com/api/docs#users_forget */
export const erasure: Target<IterableAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Forgets people for privacy requests: deletes their data and takes none again; 1,000 a day",
  options,
  identifiers,
  object: () => "user/erasure",
  shape(_to, sync) {
    identifierOf(sync);
    return {
      batch: { maxRows: 1, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.removes,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const by = identifierOf(ctx.sync);
    for (const { change, value } of identified(batch.changes, by, fates, foldedBy(by))) {
      const { body } = await call(ctx, {
        method: "POST",
        scope: "forget",
        path: "/api/users/forget",
        json: { [by]: value },
        accept: [400, 404],
        expect: apiReply,
      });
      fates.set(change.seq, body.code === "Success" ? delivered() : removalFate(body.code));
    }
    return settled(batch.changes, fates, missing);
  },
};
