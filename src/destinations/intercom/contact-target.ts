import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { Target, TargetSync } from "../connector.ts";
import { type Fates, resultMissing, settled } from "../fates.ts";
import type { IntercomAccount } from "./account.ts";
import { removeContacts, writeContacts } from "./contacts.ts";
import { discoverContacts } from "./discover.ts";
import { checkFields, contactFields } from "./fields.ts";
import { identifierOf, identifiers, maxSearched } from "./lookup.ts";

const options = z.strictObject({
  /** Of contacts that are made. */
  role: z.enum(["user", "lead"]).default("user"),
  /** What `when_removed: delete` does: archived contacts can be brought back. */
  removal: z.enum(["archive", "delete"]).default("archive"),
});
type ContactOptions = z.output<typeof options>;

export const missing = resultMissing("Intercom");

/** Users and leads. Intercom has no bulk request for them: one each, and a search for fifty whose ids are not known. */
export const contact: Target<IntercomAccount, ContactOptions> = {
  description: "Contacts (users or leads) and their attributes",
  kind: "records",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: contactFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "remove"],
  movesMatch: (_to, sync) => (sync.mode === "mirror" || sync.mode === "upsert") && identifierOf(sync) !== "id",
  onlyIfEmpty: false,
  object: () => "contact",
  shape(_to, sync) {
    checkContacts(sync);
    return {
      batch: { maxRows: maxSearched, mixedOps: true },
      // Every write finds its contact by an identifier, and a second creation is refused with the id of the first.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.plannedRows + Math.ceil(sync.plannedRows / maxSearched),
  discover: discoverContacts,
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const by = identifierOf(ctx.sync);
    const { role, removal } = ctx.options;
    if (batch.changes[0]?.op === "remove") await removeContacts(ctx, by, removal, batch.changes, fates);
    else await writeContacts(ctx, { by, role, writes: batch.writes }, batch.changes, fates);
    return settled(batch.changes, fates, missing);
  },
};

export function checkContacts(sync: TargetSync): void {
  const by = identifierOf(sync);
  checkFields("contacts", contactFields, sync);
  if (by === "id" && sync.mode === "insert") {
    throw new ConfigError(`sync "${sync.name}": mode insert cannot match by id`, {
      hint: "Intercom gives ids itself: match by external_id or email, or use mode update.",
    });
  }
}
