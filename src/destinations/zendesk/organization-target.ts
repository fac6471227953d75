import { z } from "zod";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import type { ZendeskAccount } from "./account.ts";
import { type JobPart, pending, pollJobs } from "./job.ts";
import { maxRecords } from "./lookup.ts";
import { discoverFields, organizations } from "./things.ts";
import { allowed, destroy, recordOf, shapeOf, startJob } from "./write.ts";

const options = z.strictObject({});
type OrganizationOptions = z.output<typeof options>;

/** Organizations by external id. There is no upsert of many: who is there is asked, then some are made and some updated. */
export const organization: Target<ZendeskAccount, OrganizationOptions> = {
  description: "Organizations with their custom fields, by external id; when_removed: delete deletes them",
  kind: "records",
  options,
  identifiers: ["external_id"],
  needsMatch: true,
  fields: { known: organizations.fields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "remove"],
  onlyIfEmpty: false,
  object: () => "organizations",
  shape: (_to, sync) => shapeOf(organizations, sync),
  requests: (_to, sync: TargetSync) =>
    3 * (Math.ceil((sync.plannedRows - sync.removes) / maxRecords) + Math.ceil(sync.removes / maxRecords)),
  discover: (ctx) => discoverFields(ctx, organizations),
  send: (batch, ctx) =>
    batch.changes[0]?.op === "remove" ? destroy(batch, ctx, organizations, "external_id") : write(batch, ctx),
  poll: (job, batch, ctx) => pollJobs(job, batch, ctx, organizations),
};

async function write(batch: Batch, ctx: TargetCtx<ZendeskAccount, OrganizationOptions>): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, "external_id", fates, lowered);
  const sent = await allowed(ctx, organizations, "external_id", rows, batch.writes, fates);
  const jobs: JobPart[] = [];
  const made = sent.filter((row) => row.id === null);
  const changed = sent.flatMap((row) => (row.id === null ? [] : [{ ...row, value: row.id }]));
  // Updates first: they are safe to repeat. What was made and not answered is found by its external id when it is sent again.
  if (changed.length > 0) {
    const json = { organizations: changed.map((row) => ({ ...recordOf(organizations, row), id: Number(row.value) })) };
    jobs.push(await startJob(ctx, { method: "PUT", path: "/organizations/update_many", json }, changed, "id"));
  }
  if (made.length > 0) {
    const json = { organizations: made.map((row) => recordOf(organizations, row)) };
    jobs.push(await startJob(ctx, { method: "POST", path: "/organizations/create_many", json }, made, "name"));
  }
  if (jobs.length === 0) return settled(batch.changes, fates, resultMissing("Zendesk"));
  return pending(jobs, fates);
}
