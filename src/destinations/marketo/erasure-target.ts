import { z } from "zod";
import type { Target } from "../connector.ts";
import { removesOnly } from "../removes-only.ts";
import type { MarketoAccount } from "./account.ts";
import { deleteLeads } from "./delete.ts";
import { maxLeads } from "./lookup.ts";
import { shapeOf } from "./write.ts";

const options = z.strictObject({});

/** Every lead that has the identifier, duplicates too: hence looked for, whatever an earlier delivery remembers. */
export const erasure: Target<MarketoAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Deletes leads for privacy requests, with all duplicates of the identifier; cannot be undone",
  options,
  identifiers: [],
  object: () => "leads/erasure",
  shape: (_to, sync) => shapeOf({ bulk_from: "never" }, sync),
  requests: (_to, sync) => 2 * Math.ceil(sync.removes / maxLeads),
  send: (batch, ctx) =>
    deleteLeads(
      batch.changes.map(({ externalId: _remembered, ...change }) => change),
      ctx,
    ),
};
