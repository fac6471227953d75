import type { Target, TargetSync } from "../connector.ts";
import type { SalesforceAccount } from "./account.ts";
import { findCampaign, type MemberOptions, memberOptions, personField } from "./campaign.ts";
import { maxCollectionBytes, maxCollectionRows } from "./collections.ts";
import { describeObject } from "./describe.ts";
import { sendMembers } from "./members.ts";

/** Contacts or Leads in one campaign. The people themselves are never created, changed or deleted. */
export const campaignMember: Target<SalesforceAccount, MemberOptions> = {
  description: "Members of one campaign: Contacts or Leads that are there already, with their status",
  kind: "list",
  options: memberOptions,
  identifiers: [],
  needsMatch: true,
  fields: { known: { Status: "text" }, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `campaign/${to.campaign}/${to.member}`,
  shape(_to, sync) {
    personField(sync);
    return {
      batch: { maxRows: maxCollectionRows, maxBytes: maxCollectionBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests,
  discover: (ctx) => describeObject(ctx, "CampaignMember"),
  prepare: async (ctx) => ({ ...(await findCampaign(ctx, ctx.options)) }),
  send: sendMembers,
};

/** One request per 200; who is a member already costs a look-up and an update, which no plan can know. */
function requests(_to: MemberOptions, sync: TargetSync): number {
  const asked = sync.mode === "remove" ? sync.removes : 0;
  const batches = (rows: number) => Math.ceil(rows / maxCollectionRows);
  return batches(sync.plannedRows - sync.removes) + batches(sync.removes) + batches(asked);
}
