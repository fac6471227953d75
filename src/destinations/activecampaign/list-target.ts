import { z } from "zod";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { accepted, delivered, type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import type { ActiveCampaignAccount } from "./account.ts";
import { callBlind } from "./api.ts";
import { width } from "./contact-target.ts";
import { contactsOf, findContact, syncContact } from "./contacts.ts";
import { discoverFields, fieldDefinitions, knownFields } from "./fields.ts";
import { importContacts, importRequests, maxBytes, maxContacts, pollImport } from "./import.ts";
import { findList, preparedId } from "./named.ts";

const options = z.strictObject({
  /** The list's name or id. It must be there: making one takes a sender's address and a reminder for its readers. */
  list: z.union([z.string().trim().min(1), z.int().transform(String)]),
  /**
   * Subscribe those again who have left the list, whether this sync or they themselves did it. An import passes them over;
   * with this each row takes two requests.
   */
  resubscribe: z.boolean().default(false),
});
type ListOptions = z.output<typeof options>;
type ListCtx = TargetCtx<ActiveCampaignAccount, ListOptions>;

/** Subscribers of a list. A removal unsubscribes and leaves the contact. */
export const list: Target<ActiveCampaignAccount, ListOptions> = {
  description:
    "Subscribers of a list, with their contact's fields; who unsubscribed before stays out unless resubscribe",
  kind: "list",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: knownFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `list/${to.list}`,
  shape: (to) => ({
    batch: { maxRows: to.resubscribe ? 50 : maxContacts, maxBytes, mixedOps: true },
    resend: "idempotent",
    outcome: "per-batch",
    contents: "changes",
  }),
  requests(to, sync: TargetSync) {
    const written = sync.plannedRows - sync.removes;
    return 2 * sync.removes + (to.resubscribe ? 2 * written : importRequests(written));
  },
  prepare: async (ctx) => ({ fields: await fieldDefinitions(ctx), id: await findList(ctx, ctx.options.list) }),
  discover: discoverFields,
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? leave(batch, ctx) : join(batch, ctx)),
  // Whether the list took them, or they had left it before, is not told.
  poll: (job, batch, ctx) => pollImport(job, batch, ctx, accepted),
};

async function join(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = await contactsOf(batch, ctx, ctx.state, fates);
  if (!ctx.options.resubscribe) {
    return importContacts(batch, rows, fates, ctx, { subscribe: [{ listid: preparedId(ctx.state) }] });
  }
  await oneByOne(rows, width, fates, async (row) => {
    const id = await syncContact(row, ctx);
    return membership(id, { status: "1", sourceid: 4 }, ctx);
  });
  return settled(batch.changes, fates, resultMissing("ActiveCampaign"));
}

/** An import could unsubscribe as well, but would make contacts of those who are none any more. */
async function leave(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, "email", fates, lowered);
  await oneByOne(rows, width, fates, async (row) => {
    const id = await findContact(row, ctx);
    return id === null ? delivered() : membership(id, { status: "2" }, ctx);
  });
  return settled(batch.changes, fates, resultMissing("ActiveCampaign"));
}

/** https://developers.activecampaign.com/reference/update-list-status-for-contact */
async function membership(
  contact: string,
  wanted: { readonly status: "1" | "2"; readonly sourceid?: number },
  ctx: ListCtx,
): Promise<RowFate> {
  const json = { contactList: { list: preparedId(ctx.state), contact, ...wanted } };
  await callBlind(ctx, { method: "POST", path: "/contactLists", json });
  return delivered(contact);
}
