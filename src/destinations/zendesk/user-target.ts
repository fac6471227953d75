import { z } from "zod";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import type { ZendeskAccount } from "./account.ts";
import { pending, pollJobs } from "./job.ts";
import { maxRecords } from "./lookup.ts";
import { discoverFields, users } from "./things.ts";
import { allowed, destroy, identityOf, recordOf, shapeOf, startJob } from "./write.ts";

const options = z.strictObject({
  /** Send no verification email to users that are made. https://developer.zendesk.com/api-reference/ticketing/users/users/#create-user */
  skip_verify_email: z.boolean().default(true),
});
type UserOptions = z.output<typeof options>;

/** End users, a hundred a job, each with its own result. */
export const user: Target<ZendeskAccount, UserOptions> = {
  description: "End users with their custom fields, by external id or email; when_removed: delete deletes them",
  kind: "records",
  options,
  identifiers: ["external_id", "email"],
  needsMatch: true,
  fields: { known: users.fields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "remove"],
  onlyIfEmpty: false,
  object: () => "users",
  shape: (_to, sync) => shapeOf(users, sync),
  requests,
  discover: (ctx) => discoverFields(ctx, users),
  send: (batch, ctx) =>
    batch.changes[0]?.op === "remove" ? destroy(batch, ctx, users, identityOf(ctx.sync)) : write(batch, ctx),
  poll: (job, batch, ctx) => pollJobs(job, batch, ctx, users),
};

/** A job and a poll; a look where the mode or a removal needs it, by email one for each row. */
function requests(_to: UserOptions, sync: TargetSync): number {
  const written = Math.ceil((sync.plannedRows - sync.removes) / maxRecords);
  const removed = Math.ceil(sync.removes / maxRecords);
  const asks = sync.mode === "update" || sync.mode === "insert" ? written : 0;
  return written * 2 + asks + removed * 3;
}

async function write(batch: Batch, ctx: TargetCtx<ZendeskAccount, UserOptions>): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identityOf(ctx.sync);
  const rows = identified(batch.changes, by, fates, lowered);
  const sent = batch.writes === "upsert" ? rows : await allowed(ctx, users, by, rows, batch.writes, fates);
  if (sent.length === 0) return settled(batch.changes, fates, resultMissing("Zendesk"));
  const skip = ctx.options.skip_verify_email ? { skip_verify_email: true } : {};
  const json = { users: sent.map((row) => ({ ...recordOf(users, row), ...skip })) };
  // Create and fill are one request: a lost answer is sent again, which changes nothing twice.
  const request = { method: "POST", path: "/users/create_or_update_many", json } as const;
  return pending([await startJob(ctx, request, sent, "name")], fates);
}
