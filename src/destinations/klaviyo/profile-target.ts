import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { Target } from "../connector.ts";
import type { KlaviyoAccount } from "./account.ts";
import { maxImportBatchBytes, maxImportRows, sendImport } from "./import.ts";
import { pollImport } from "./import-poll.ts";
import { valuesPerFilter } from "./lookup.ts";
import { checkProfileFields, identifiers, knownFields } from "./profiles.ts";

const options = z.strictObject({});
type ProfileOptions = z.output<typeof options>;

/** Profiles, in no list. They are not deleted by a sync: leavers can have fields set, by `when_removed: {set: …}`. */
export const profile: Target<KlaviyoAccount, ProfileOptions> = {
  description: "Profiles and their custom properties; nobody's consent or lists change",
  kind: "records",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: knownFields, others: "allowed" },
  ops: ["add", "update"],
  modes: ["mirror", "upsert", "update"],
  onlyIfEmpty: false,
  object: () => "profile",
  shape(_to, sync) {
    checkProfileFields(sync);
    return {
      batch: { maxRows: maxImportRows, maxBytes: maxImportBatchBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests(_to, sync) {
    const written = sync.plannedRows - sync.removes;
    // Rows that must not be created are looked for first.
    const asked = sync.removes + (sync.mode === "update" ? written : 0);
    const jobs = Math.ceil(written / maxImportRows) + Math.ceil(sync.removes / maxImportRows);
    return jobs * 3 + Math.ceil(asked / valuesPerFilter);
  },
  send(batch, ctx) {
    if (batch.changes[0]?.op !== "remove") return sendImport(batch, ctx, null);
    throw new TargetInvalid("a sync does not delete Klaviyo profiles", {
      hint: "Write `when_removed: {set: {properties.<name>: null}}`, or use the target list: leaving it ends the membership.",
    });
  },
  poll: (job, batch, ctx) => pollImport(job, batch, ctx, false),
};
