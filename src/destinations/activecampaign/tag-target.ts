import { z } from "zod";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates, resultMissing, settled } from "../fates.ts";
import { type Identified, identified, lowered } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import type { ActiveCampaignAccount } from "./account.ts";
import { askAll, callBlind, idText } from "./api.ts";
import { width } from "./contact-target.ts";
import { contactsOf, findContact } from "./contacts.ts";
import { discoverFields, fieldDefinitions, knownFields } from "./fields.ts";
import { importContacts, importRequests, maxBytes, maxContacts, pollImport } from "./import.ts";
import { findOrCreateTag, preparedId } from "./named.ts";

const options = z.strictObject({
  tag: z.string().trim().min(1).max(255),
  /** Make the tag when none has this name. */
  create: z.boolean().default(true),
});
type TagOptions = z.output<typeof options>;
type TagCtx = TargetCtx<ActiveCampaignAccount, TagOptions>;

/** Contacts that have a tag; nobody is subscribed to anything. */
export const tag: Target<ActiveCampaignAccount, TagOptions> = {
  description: "A tag on contacts, who are made where they are not there; removals take the tag away",
  kind: "list",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: knownFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `tag/${to.tag}`,
  shape: () => ({
    batch: { maxRows: maxContacts, maxBytes, mixedOps: true },
    resend: "idempotent",
    outcome: "per-batch",
    contents: "changes",
  }),
  requests: (_to, sync: TargetSync) => 3 * sync.removes + importRequests(sync.plannedRows - sync.removes),
  prepare: async (ctx) => ({
    fields: await fieldDefinitions(ctx),
    id: await findOrCreateTag(ctx, ctx.options.tag, ctx.options.create),
  }),
  discover: discoverFields,
  send,
  poll: (job, batch, ctx) => pollImport(job, batch, ctx, delivered()),
};

async function send(batch: Batch, ctx: TagCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  if (batch.changes[0]?.op !== "remove") {
    const rows = await contactsOf(batch, ctx, ctx.state, fates);
    return importContacts(batch, rows, fates, ctx, { tags: [ctx.options.tag] });
  }
  const rows = identified(batch.changes, "email", fates, lowered);
  await oneByOne(rows, width, fates, (row) => untag(row, ctx));
  return settled(batch.changes, fates, resultMissing("ActiveCampaign"));
}

const worn = z.object({ id: idText, tag: idText });

/** What is deleted is the tag's tie to the contact, which has an id of its own. https://developers.activecampaign.com/reference/remove-a-contacts-tag */
async function untag(row: Identified, ctx: TagCtx): Promise<RowFate> {
  const id = await findContact(row, ctx);
  if (id === null) return delivered();
  const tied = await askAll(ctx, { path: `/contacts/${id}/contactTags` }, "contactTags", worn);
  for (const tie of tied.filter((one) => one.tag === preparedId(ctx.state))) {
    await callBlind(ctx, { method: "DELETE", path: `/contactTags/${tie.id}`, accept: [404] });
  }
  return delivered();
}
