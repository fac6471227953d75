import { z } from "zod";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { chunks, type Fates, resultMissing, retried, settled } from "../fates.ts";
import { type Identified, identified, lowered } from "../identified.ts";
import type { MarketoAccount } from "./account.ts";
import { call } from "./api.ts";
import { byIds } from "./by-id.ts";
import { discoverFields } from "./fields.ts";
import { importable, importLeads, pollImport } from "./import.ts";
import { leadOptions } from "./lead-target.ts";
import { findList, listId } from "./lists.ts";
import { maxLeads } from "./lookup.ts";
import { type IdFate, readById, resultsReply } from "./results.ts";
import { identityOf, imports, shapeOf, writeLeads, writeRequests } from "./write.ts";

const options = z.strictObject({
  /** The static list's name or id. It is made in Marketo. */
  list: z.union([z.string().trim().min(1), z.int().min(1)]),
  ...leadOptions,
});
type ListCtx = TargetCtx<MarketoAccount, z.output<typeof options>>;

/** Members of a static list: their leads are written, then put into it; removals end the membership and leave the lead. */
export const list: Target<MarketoAccount, z.output<typeof options>> = {
  description: "Members of a static list, with their lead's fields; large plans by bulk import",
  kind: "list",
  options,
  identifiers: [],
  needsMatch: true,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `list/${to.list}`,
  shape: shapeOf,
  requests: (to, sync) => writeRequests(to, sync, 2) + 2 * Math.ceil(sync.removes / maxLeads),
  prepare: async (ctx) => ({ list: await findList(ctx, ctx.options.list) }),
  discover: discoverFields,
  discoversAll: true,
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? leave(batch, ctx) : join(batch, ctx)),
  poll: pollImport,
};

async function join(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, identityOf(ctx.sync), fates, lowered);
  const file = imports(ctx.options, ctx.sync) ? importable(rows) : [];
  const inFile = new Set(file);
  const others = rows.filter((row) => !inFile.has(row));
  await writeLeads(others, ctx, batch.writes, fates);
  await addMembers(others, ctx, fates);
  if (file.length > 0) return importLeads(file, ctx, { listId: listId(ctx.state) }, fates);
  return settled(batch.changes, fates, resultMissing("Marketo"));
}

const added = new Set(["added", "memberof"]);
const removed = new Set(["removed", "notmemberof"]);

/** By the ids that writing the leads told. */
async function addMembers(rows: readonly Identified[], ctx: ListCtx, fates: Fates): Promise<void> {
  const members = rows.flatMap(({ change }) => {
    const fate = fates.get(change.seq);
    return fate?.status === "delivered" && fate.externalId !== undefined
      ? [{ seq: change.seq, id: fate.externalId }]
      : [];
  });
  for (const part of chunks(members, maxLeads)) {
    const told = await memberRequest(
      ctx,
      "POST",
      part.map((one) => one.id),
      added,
    );
    for (const { seq, id } of part) {
      const fate = told.get(id) ?? resultMissing("Marketo");
      fates.set(seq, fate === "gone" ? retried("MARKETO_1004", "the lead was deleted or merged meanwhile") : fate);
    }
  }
}

/** Who has no lead is no member. */
async function leave(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identityOf(ctx.sync);
  const rows = identified(batch.changes, by, fates, lowered);
  await byIds(ctx, by, rows, fates, (ids) => memberRequest(ctx, "DELETE", ids, removed));
  return settled(batch.changes, fates, resultMissing("Marketo"));
}

/** https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/list-membership: ids stand in the query. */
async function memberRequest(
  ctx: ListCtx,
  method: "POST" | "DELETE",
  ids: readonly string[],
  done: ReadonlySet<string>,
): Promise<ReadonlyMap<string, IdFate>> {
  const { body } = await call(ctx, {
    method,
    path: `/rest/v1/lists/${listId(ctx.state)}/leads.json`,
    query: { id: [...new Set(ids)].join(",") },
    expect: resultsReply,
  });
  return readById(body.result ?? [], done);
}
