import { z } from "zod";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { chunks, delivered, type Fates } from "../fates.ts";
import type { HubspotAccount } from "./account.ts";
import { callBlind } from "./api.ts";
import { done } from "./fates.ts";
import { maxObjects } from "./lookup.ts";
import { identityOf, objectName, objectScope, recordId } from "./objects.ts";
import { objectsPath } from "./paths.ts";
import { listProperties } from "./properties.ts";
import { idsToRemove } from "./removal.ts";
import { writeRecords } from "./write.ts";

const options = z.strictObject({
  object: objectName,
  /** The unique property that finds a record, where `match` has several. */
  id_property: z.string().optional(),
});
type RecordOptions = z.output<typeof options>;
type RecordCtx = TargetCtx<HubspotAccount, RecordOptions>;

/** No figure is published for a request's size: conservative. */
export const maxRequestBytes = 4_000_000;

/** Records of any object, found by a unique property or by record id, each with its own result. */
export const record: Target<HubspotAccount, RecordOptions> = {
  description:
    "Records of any object (contacts, companies, deals, custom objects), found by a unique property or by id",
  kind: "records",
  options,
  identifiers: [],
  needsMatch: true,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "append", "remove"],
  movesMatch: (to, sync) => (sync.mode === "mirror" || sync.mode === "upsert") && identityOf(to, sync) !== recordId,
  onlyIfEmpty: true,
  object: (to) => to.object,
  shape(to, sync) {
    identityOf(to, sync);
    return {
      batch: { maxRows: maxObjects, maxBytes: maxRequestBytes, mixedOps: true },
      // Every write finds its record by an identifier, inserts by a look-up and an upsert.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests,
  discover: (ctx) => listProperties(ctx, ctx.options.object),
  discoversAll: true,
  async send(batch, ctx) {
    if (batch.changes[0]?.op === "remove") return archive(batch, ctx);
    const fates: Fates = new Map();
    const by = identityOf(ctx.options, ctx.sync);
    const { object } = ctx.options;
    await writeRecords(
      ctx,
      { object, by, writes: batch.writes, onlyIfEmpty: ctx.sync.onlyIfEmpty },
      batch.changes,
      fates,
    );
    return done(batch.changes, fates);
  },
};

/** A request per hundred, and a look-up where ids or present values are needed; ids that Millrace delivered are known. */
function requests(_to: RecordOptions, sync: TargetSync): number {
  const writes = Math.ceil((sync.plannedRows - sync.removes) / maxObjects);
  const removals = Math.ceil(sync.removes / maxObjects);
  const asks =
    sync.onlyIfEmpty.length > 0 || sync.mode === "insert" || sync.mode === "append" || sync.mode === "update";
  return writes * (asks ? 2 : 1) + removals * (sync.mode === "remove" ? 2 : 1);
}

/** Archived records can be restored for 90 days. https://developers.hubspot.com/docs/api-reference/2026-03/crm/objects/contacts/delete-contact */
async function archive(batch: Batch, ctx: RecordCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const { object } = ctx.options;
  const rows = await idsToRemove(ctx, object, identityOf(ctx.options, ctx.sync), batch.changes, fates);
  for (const part of chunks(rows, maxObjects)) {
    await callBlind(ctx, {
      method: "POST",
      path: `${objectsPath(ctx.account, object)}/batch/archive`,
      scope: objectScope(object, "write"),
      json: { inputs: [...new Set(part.map((row) => row.id))].map((id) => ({ id })) },
    });
    for (const { seq } of part) fates.set(seq, delivered());
  }
  return done(batch.changes, fates);
}
