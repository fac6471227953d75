import { z } from "zod";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { chunks, delivered, type Fates, settled } from "../fates.ts";
import { identified } from "../identified.ts";
import type { IterableAccount } from "./account.ts";
import { call } from "./api.ts";
import { bulkFates, bulkReply, checkDropped } from "./bulk-result.ts";
import { foldedBy, identifierOf, identifiers } from "./identity.ts";
import { findOrCreateList, listId } from "./lists.ts";
import { fitting, maxBatchBytes, maxRows, missing } from "./user-target.ts";
import { checkProfileFields, knownFields, profileOptions, toUser } from "./users.ts";

const options = z.strictObject({
  ...profileOptions,
  /** The list's name or id. */
  list: z.coerce.string().trim().min(1),
  /** Make a static list when none has this name. */
  create: z.boolean().default(true),
});
type ListOptions = z.output<typeof options>;
type ListCtx = TargetCtx<IterableAccount, ListOptions>;

/** Members of a static list, with their profile's fields. A removal ends the membership and unsubscribes from nothing. */
export const list: Target<IterableAccount, ListOptions> = {
  description: "Members of a static list, with their profile's fields; a removal unsubscribes from no channel",
  kind: "list",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: knownFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `list/${to.list}`,
  shape(_to, sync) {
    identifierOf(sync);
    checkProfileFields(sync);
    return {
      batch: { maxRows, maxBytes: maxBatchBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => Math.ceil((sync.plannedRows - sync.removes) / maxRows) + Math.ceil(sync.removes / maxRows),
  prepare: async (ctx) => ({ ...(await findOrCreateList(ctx, ctx.options)) }),
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? leave(batch, ctx) : join(batch, ctx)),
};

async function join(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identifierOf(ctx.sync);
  for (const part of chunks(fitting(batch.changes, by, fates), ctx.account.rows_per_request)) {
    const { body } = await call(ctx, {
      method: "POST",
      scope: "members",
      path: "/api/lists/subscribe",
      json: { listId: listId(ctx.state), subscribers: part.map((row) => toUser(row, by, ctx.options)) },
      expect: bulkReply,
    });
    checkDropped(body);
    const sent = part.map(({ change, value }) => ({ seq: change.seq, value }));
    for (const [seq, fate] of bulkFates(sent, by, body, delivered())) fates.set(seq, fate);
  }
  return settled(batch.changes, fates, missing);
}

async function leave(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identifierOf(ctx.sync);
  for (const part of chunks(identified(batch.changes, by, fates, foldedBy(by)), ctx.account.rows_per_request)) {
    const { body } = await call(ctx, {
      method: "POST",
      scope: "members",
      path: "/api/lists/unsubscribe",
      json: {
        listId: listId(ctx.state),
        subscribers: part.map((row) => ({ [by]: row.value })),
        // true would be "essentially a global unsubscribe": said, so that no default can mean it.
        channelUnsubscribe: false,
      },
      expect: bulkReply,
    });
    const sent = part.map(({ change, value }) => ({ seq: change.seq, value }));
    for (const [seq, fate] of bulkFates(sent, by, body, delivered())) {
      // Who is not there, or was forgotten, is in no list.
      const absent = fate.status === "rejected" && (fate.code === "NOT_FOUND" || fate.code === "FORGOTTEN");
      fates.set(seq, absent ? delivered() : fate);
    }
  }
  return settled(batch.changes, fates, missing);
}
