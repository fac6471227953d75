import { z } from "zod";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetSync } from "../connector.ts";
import { type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import type { MarketoAccount } from "./account.ts";
import type { LeadCtx } from "./api.ts";
import { deleteLeads } from "./delete.ts";
import { discoverFields } from "./fields.ts";
import { importable, importLeads, pollImport } from "./import.ts";
import { maxLeads } from "./lookup.ts";
import { identityOf, imports, shapeOf, writeLeads, writeRequests } from "./write.ts";

export const leadOptions = {
  /** Where new leads go, in instances with partitions. */
  partition: z.string().min(1).optional(),
  /** Plans that write at least this many leads are imported by files. */
  bulk_from: z.union([z.int().min(1), z.literal("never")]).default(10_000),
};
const options = z.strictObject(leadOptions);

/** Leads by email or any other field that Marketo can look for. */
export const lead: Target<MarketoAccount, z.output<typeof options>> = {
  description:
    "Leads with standard and custom fields; large plans by bulk import; when_removed: delete deletes the lead",
  kind: "records",
  options,
  identifiers: [],
  needsMatch: true,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "remove"],
  onlyIfEmpty: false,
  object: () => "leads",
  shape: shapeOf,
  requests: (to, sync: TargetSync) => writeRequests(to, sync, 1) + 2 * Math.ceil(sync.removes / maxLeads),
  discover: discoverFields,
  discoversAll: true,
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? deleteLeads(batch.changes, ctx) : write(batch, ctx)),
  poll: pollImport,
};

async function write(batch: Batch, ctx: LeadCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, identityOf(ctx.sync), fates, lowered);
  const file = imports(ctx.options, ctx.sync) ? importable(rows) : [];
  const inFile = new Set(file);
  await writeLeads(
    rows.filter((row) => !inFile.has(row)),
    ctx,
    batch.writes,
    fates,
  );
  if (file.length > 0) return importLeads(file, ctx, {}, fates);
  return settled(batch.changes, fates, resultMissing("Marketo"));
}
