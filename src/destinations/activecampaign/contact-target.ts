import { z } from "zod";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import type { ActiveCampaignAccount } from "./account.ts";
import { contactsOf, deleteContact, syncContact, updateContact } from "./contacts.ts";
import { discoverFields, fieldDefinitions, knownFields } from "./fields.ts";
import { importContacts, importRequests, maxBytes, maxContacts, minContacts, pollImport } from "./import.ts";

const options = z.strictObject({});
type ContactCtx = TargetCtx<ActiveCampaignAccount, z.output<typeof options>>;

/** Requests at once where each row has its own. */
export const width = 5;

/** Contacts, imported 250 a request; few of them, updates without creating and deletions go one by one. */
export const contact: Target<ActiveCampaignAccount, z.output<typeof options>> = {
  description: "Contacts and their custom fields, imported by jobs; when_removed: delete deletes them",
  kind: "records",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: knownFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "update", "remove"],
  onlyIfEmpty: false,
  object: () => "contact",
  shape: (_to, sync) => ({
    // One by one, a batch is kept short: what was done before an error is done again.
    batch: { maxRows: sync.mode === "update" || sync.mode === "remove" ? 50 : maxContacts, maxBytes, mixedOps: true },
    resend: "idempotent",
    outcome: "per-batch",
    contents: "changes",
  }),
  requests(_to, sync: TargetSync) {
    const written = sync.plannedRows - sync.removes;
    if (sync.mode === "update") return 2 * sync.plannedRows;
    return 2 * sync.removes + (written < minContacts ? written : importRequests(written));
  },
  prepare: async (ctx) => ({ fields: await fieldDefinitions(ctx) }),
  discover: discoverFields,
  send,
  poll: (job, batch, ctx) => pollImport(job, batch, ctx, delivered()),
};

async function send(batch: Batch, ctx: ContactCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  if (batch.changes[0]?.op === "remove") {
    const rows = identified(batch.changes, "email", fates, lowered);
    await oneByOne(rows, width, fates, (row) => deleteContact(row, ctx));
  } else {
    const rows = await contactsOf(batch, ctx, ctx.state, fates);
    if (batch.writes === "update") await oneByOne(rows, width, fates, (row) => updateContact(row, ctx));
    else if (rows.length >= minContacts) return importContacts(batch, rows, fates, ctx);
    else await oneByOne(rows, width, fates, async (row) => delivered(await syncContact(row, ctx)));
  }
  return settled(batch.changes, fates, resultMissing("ActiveCampaign"));
}
