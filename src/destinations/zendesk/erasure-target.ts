import { z } from "zod";
import type { BatchResult, JobHandle } from "../../core/result.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { delivered, type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { removesOnly } from "../removes-only.ts";
import type { ZendeskAccount } from "./account.ts";
import { type Ctx, callBlind } from "./api.ts";
import { idsOf } from "./lookup.ts";
import { users } from "./things.ts";
import { identityOf } from "./write.ts";

const options = z.strictObject({});
type ErasureCtx = TargetCtx<ZendeskAccount, z.output<typeof options>>;

/**
 * Deletes users, then everything about them. Once deleted a user is found by nothing but its id, so the id is recorded before:
 * a crash between the two goes on with it. https://developer.zendesk.com/api-reference/ticketing/users/users/#permanently-delete-user
 */
export const erasure: Target<ZendeskAccount, z.output<typeof options>> = {
  ...removesOnly,
  description: "Permanent deletion of users for privacy requests; cannot be undone",
  options,
  identifiers: ["external_id", "email"],
  object: () => "users/erasure",
  shape: () => ({
    batch: { maxRows: 1, mixedOps: false },
    resend: "idempotent",
    outcome: "per-row",
    contents: "changes",
  }),
  requests: (_to, sync) => 3 * sync.removes,
  send,
  poll: erase,
};

async function send(batch: Batch, ctx: ErasureCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identityOf(ctx.sync);
  const rows = identified(batch.changes, by, fates, lowered);
  const ids = await idsOf(ctx, users, by, rows);
  const [id] = rows.flatMap((row) => row.change.externalId ?? ids.get(row.change.seq) ?? []);
  if (id === undefined) {
    // Nobody there: nothing to erase.
    for (const row of rows) fates.set(row.change.seq, delivered());
    return settled(batch.changes, fates, resultMissing("Zendesk"));
  }
  const job: JobHandle = { id, phase: "found" };
  await ctx.checkpoint(job);
  return { state: "pending", job, pollAfterMs: 0 };
}

/** Both deletions go by id and may be repeated. */
async function erase(job: JobHandle, batch: Batch, ctx: Ctx): Promise<BatchResult> {
  const id = encodeURIComponent(job.id);
  // 404: deleted before, perhaps by the try whose answer was lost.
  await callBlind(ctx, { method: "DELETE", path: `/users/${id}`, accept: [404] });
  await callBlind(ctx, { method: "DELETE", path: `/deleted_users/${id}`, accept: [404], limits: ["api", "erasure"] });
  return settled(batch.changes, new Map(), delivered());
}
