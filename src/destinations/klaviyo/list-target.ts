import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { BatchRefused, TargetInvalid } from "../../core/delivery-errors.ts";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { toRows } from "../fates.ts";
import type { KlaviyoAccount } from "./account.ts";
import { deleteJson } from "./api.ts";
import { noIdentifier, resultMissing } from "./fates.ts";
import { maxImportBatchBytes, maxImportRows, sendImport } from "./import.ts";
import { maxReadBack, pollImport } from "./import-poll.ts";
import { findOrCreateList, listId, listOptions } from "./lists.ts";
import { amongAll, findIds, findProfiles, valuesPerFilter } from "./lookup.ts";
import { checkProfileFields, givenIdentifiers, identifiers, knownFields } from "./profiles.ts";

const options = z.strictObject(listOptions);
type ListOptions = z.output<typeof options>;
type ListCtx = TargetCtx<KlaviyoAccount, ListOptions>;

/** https://developers.klaviyo.com/en/reference/remove_profiles_from_list */
const maxRemovals = 1_000;

/** Members of a list. Membership never changes what a person has consented to. */
export const list: Target<KlaviyoAccount, ListOptions> = {
  description: "Members of a list, with their profile fields; nobody's consent changes",
  kind: "list",
  options,
  identifiers,
  needsMatch: true,
  // Unknown names are refused by `shape`: `properties.<anything>` is a field.
  fields: { known: knownFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  // An import always updates the profile, so a mode that must not has no place here.
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `list/${to.list}`,
  shape(_to, sync) {
    checkProfileFields(sync);
    return {
      batch: { maxRows: maxImportRows, maxBytes: maxImportBatchBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests,
  prepare: async (ctx) => ({ ...(await findOrCreateList(ctx, ctx.options)) }),
  send(batch, ctx) {
    if (batch.changes[0]?.op === "remove") return removeMembers(batch, ctx);
    return sendImport(batch, ctx, listId(ctx.state));
  },
  poll: (job, batch, ctx) => pollImport(job, batch, ctx, ctx.sync.mode === "mirror"),
};

/** Two polls a job are usual; mirrors read ids back for small jobs. Removals whose ids nobody can have read back are looked up, a hundred at once. */
function requests(_to: ListOptions, sync: TargetSync): number {
  const written = sync.plannedRows - sync.removes;
  const jobs = Math.ceil(written / maxImportRows);
  const pages = sync.mode === "mirror" && written <= maxReadBack ? Math.ceil(written / 100) : 0;
  const lookups = sync.mode === "remove" || sync.removes > maxReadBack ? Math.ceil(sync.removes / valuesPerFilter) : 0;
  return jobs * 3 + pages + lookups + Math.ceil(sync.removes / maxRemovals);
}

async function removeMembers(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates = new Map<number, RowFate>();
  const ids = new Map<number, string>();
  const asked: Change[] = [];
  for (const change of batch.changes) {
    if (change.externalId !== undefined) ids.set(change.seq, change.externalId);
    else if (givenIdentifiers(change.match).length > 0) asked.push(change);
    else fates.set(change.seq, noIdentifier);
  }
  for (const [seq, id] of await findProfiles(ctx, amongAll, asked)) ids.set(seq, id);
  // Who has no profile is in no list.
  for (const change of asked) if (!ids.has(change.seq)) fates.set(change.seq, { status: "delivered" });
  const rows = [...ids].map(([seq, id]) => ({ seq, id }));
  for (let from = 0; from < rows.length; from += maxRemovals) {
    const part = rows.slice(from, from + maxRemovals);
    await removeIds(ctx, [...new Set(part.map((row) => row.id))]);
    for (const { seq, id } of part) fates.set(seq, { status: "delivered", externalId: id });
  }
  return { state: "done", rows: toRows(batch.changes, fates, resultMissing) };
}

/** A profile deleted meanwhile must not keep the others in the list: on a refusal only ids that are still there are sent again. */
async function removeIds(ctx: ListCtx, ids: readonly string[]): Promise<void> {
  try {
    await removeRelationships(ctx, ids);
  } catch (error) {
    if (!(error instanceof TargetInvalid || error instanceof BatchRefused)) throw error;
    const there = await findIds(ctx, ids);
    if (there.length === ids.length) throw error;
    if (there.length > 0) await removeRelationships(ctx, there);
  }
}

async function removeRelationships(ctx: ListCtx, ids: readonly string[]): Promise<void> {
  await deleteJson(ctx, {
    endpoint: "list-profiles-remove",
    scope: "lists:write and profiles:write",
    path: `/api/lists/${listId(ctx.state)}/relationships/profiles`,
    json: { data: ids.map((id) => ({ type: "profile", id })) },
  });
}
