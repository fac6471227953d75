import { z } from "zod";
import type { Target } from "../connector.ts";
import { type Fates, settled } from "../fates.ts";
import { identified } from "../identified.ts";
import type { CustomerioAccount } from "./account.ts";
import { maxBatchBytes, maxRows, missing, sendBatch } from "./batch.ts";
import { foldedBy, identifierOf, identifiers } from "./identity.ts";
import { act, checkAttributes, identify, knownFields } from "./people.ts";

const options = z.strictObject({});

/** People and their attributes; who is not there is made. A removal deletes the person, who may come back. */
export const person: Target<CustomerioAccount, z.output<typeof options>> = {
  description: "People and their attributes",
  kind: "records",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: knownFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: () => "person",
  shape(_to, sync) {
    identifierOf(sync);
    checkAttributes(sync);
    return {
      batch: { maxRows, maxBytes: maxBatchBytes, mixedOps: true },
      // The same attributes set twice are the same attributes.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const by = identifierOf(ctx.sync);
    const rows = identified(batch.changes, by, fates, foldedBy(by));
    const leaving = batch.changes[0]?.op === "remove";
    await sendBatch(
      ctx,
      rows.map((row) => (leaving ? act(row, by, "delete") : identify(row, by))),
      fates,
    );
    return settled(batch.changes, fates, missing);
  },
};
