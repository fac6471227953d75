import { z } from "zod";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { accepted, chunks, type Fates, resultMissing, settled } from "../fates.ts";
import type { SendgridAccount } from "./account.ts";
import { callBlind } from "./api.ts";
import { customFieldIds, discoverFields, reserved } from "./fields.ts";
import { pollJob } from "./job.ts";
import { findOrCreateList, listId } from "./lists.ts";
import { idsToRemove, maxLookup } from "./lookup.ts";
import { maxBytes, maxContacts, upsertContacts, writeRequests } from "./write.ts";

const options = z.strictObject({
  /** The list's name (at most 100 characters) or id. */
  list: z.string().trim().min(1).max(100),
  /** Make a list when none has this name. */
  create: z.boolean().default(true),
});
type ListOptions = z.output<typeof options>;

/** Members of a list: contacts are written and put into it by one job; removals end the membership and leave the contact. */
export const list: Target<SendgridAccount, ListOptions> = {
  description: "Members of a list, with their contact's fields",
  kind: "list",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: reserved, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `list/${to.list}`,
  shape: () => ({
    batch: { maxRows: maxContacts, maxBytes, mixedOps: true },
    resend: "idempotent",
    outcome: "per-batch",
    contents: "changes",
  }),
  requests: (_to, sync) => writeRequests(sync) + 2 * Math.ceil(sync.removes / maxLookup),
  prepare: async (ctx) => ({
    custom: await customFieldIds(ctx),
    list: await findOrCreateList(ctx, ctx.options.list, ctx.options.create),
  }),
  discover: discoverFields,
  send: (batch, ctx) =>
    batch.changes[0]?.op === "remove" ? leave(batch, ctx) : upsertContacts(batch, ctx, [listId(ctx.state)]),
  poll: pollJob,
};

/** The removal is a job that names nobody. https://www.twilio.com/docs/sendgrid/api-reference/lists/remove-contacts-from-a-list */
async function leave(batch: Batch, ctx: TargetCtx<SendgridAccount, ListOptions>): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = await idsToRemove(ctx, batch.changes, fates);
  for (const part of chunks(rows, maxLookup)) {
    await callBlind(ctx, {
      method: "DELETE",
      path: `/v3/marketing/lists/${listId(ctx.state)}/contacts`,
      scope: "marketing",
      query: { contact_ids: [...new Set(part.map((row) => row.id))].join(",") },
    });
    for (const { seq } of part) fates.set(seq, accepted);
  }
  return settled(batch.changes, fates, resultMissing("SendGrid"));
}
