import { z } from "zod";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates } from "../fates.ts";
import type { HubspotAccount } from "./account.ts";
import { callJson } from "./api.ts";
import { done } from "./fates.ts";
import { findOrCreateList, listId } from "./lists.ts";
import { maxObjects } from "./lookup.ts";
import { identityOf, objectName, objectTypeId, recordId } from "./objects.ts";
import { listsPath } from "./paths.ts";
import { maxRequestBytes } from "./record-target.ts";
import { idsToRemove } from "./removal.ts";
import { writeRecords } from "./write.ts";

const options = z.strictObject({
  /** The list's name or id. */
  list: z.string().trim().min(1),
  object: objectName.default("contacts"),
  /** Make a static list when none has this name. */
  create: z.boolean().default(true),
  /** Make records that are not there; else they are rejected as NOT_FOUND. */
  create_records: z.boolean().default(true),
  id_property: z.string().optional(),
});
type ListOptions = z.output<typeof options>;
type ListCtx = TargetCtx<HubspotAccount, ListOptions>;

/** How many ids one membership request takes is not published: conservative. */
const maxMembers = 1_000;

/** Members of a static list: records are written first, as by the target `record`, and then put into the list. */
export const list: Target<HubspotAccount, ListOptions> = {
  description: "Members of a static list, with their record's properties",
  kind: "list",
  options,
  identifiers: [],
  needsMatch: true,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: true,
  object: (to) => `list/${to.object}/${to.list}`,
  shape(to, sync) {
    identityOf(to, sync);
    objectTypeId(to.object);
    return {
      batch: { maxRows: maxMembers, maxBytes: maxRequestBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests,
  prepare: async (ctx) => ({ ...(await findOrCreateList(ctx, ctx.options)) }),
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? leave(batch, ctx) : join(batch, ctx)),
};

function requests(to: ListOptions, sync: TargetSync): number {
  const written = sync.plannedRows - sync.removes;
  const perHundred = !to.create_records || sync.onlyIfEmpty.length > 0 ? 2 : 1;
  const lookups = sync.mode === "remove" ? Math.ceil(sync.removes / maxObjects) : 0;
  return (
    Math.ceil(written / maxObjects) * perHundred +
    Math.ceil(written / maxMembers) +
    lookups +
    Math.ceil(sync.removes / maxMembers)
  );
}

async function join(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identityOf(ctx.options, ctx.sync);
  const writes = ctx.options.create_records && by !== recordId ? "upsert" : "update";
  await writeRecords(
    ctx,
    { object: ctx.options.object, by, writes, onlyIfEmpty: ctx.sync.onlyIfEmpty },
    batch.changes,
    fates,
  );
  const rows = [...fates].flatMap(([seq, fate]) =>
    fate.status === "delivered" && fate.externalId !== undefined ? [{ seq, id: fate.externalId }] : [],
  );
  const gone = await changeMembers(ctx, "add", rows);
  for (const { seq, id } of rows) fates.set(seq, gone.has(id) ? recordGone : delivered(id));
  return done(batch.changes, fates);
}

async function leave(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identityOf(ctx.options, ctx.sync);
  const rows = await idsToRemove(ctx, ctx.options.object, by, batch.changes, fates);
  await changeMembers(ctx, "remove", rows);
  // A record that is not there, or not in the list, is ignored: either way it is not a member.
  for (const { seq, id } of rows) fates.set(seq, delivered(id));
  return done(batch.changes, fates);
}

/** The description misspells the first name; both are read. */
const membershipReply = z
  .object({ recordIdsMissing: z.array(z.union([z.string(), z.number()]).transform(String)).default([]) })
  .and(
    z.union([
      z.object({ recordsIdsAdded: z.array(z.unknown()) }),
      z.object({ recordIdsAdded: z.array(z.unknown()) }),
      z.object({ recordIdsRemoved: z.array(z.unknown()) }),
    ]),
  );

/** Ids that HubSpot found no record for. https://developers.hubspot.com/docs/api-reference/2026-03/crm/lists/memberships/add-to-list */
async function changeMembers(
  ctx: ListCtx,
  how: "add" | "remove",
  rows: readonly { readonly id: string }[],
): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const { body } = await callJson(ctx, {
    method: "PUT",
    path: `${listsPath(ctx.account)}/${listId(ctx.state)}/memberships/${how}`,
    scope: "crm.lists.write",
    json: [...new Set(rows.map((row) => row.id))],
    expect: membershipReply,
  });
  return new Set(body.recordIdsMissing);
}

const recordGone: RowFate = {
  status: "retry",
  code: "RECORD_MISSING",
  message: "HubSpot does not find the record to put into the list",
};
