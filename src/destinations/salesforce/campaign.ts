import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import type { AccountCtx, TargetCtx, TargetSync } from "../connector.ts";
import type { SalesforceAccount } from "./account.ts";
import { checkNames } from "./options.ts";
import { inQueries, query } from "./soql.ts";

/** `to:` of the target `campaign_member`, without account and target. */
export const memberOptions = z.strictObject({
  /** The campaign's name or Id. */
  campaign: z.string().trim().min(1),
  member: z.enum(["Contact", "Lead"]).default("Contact"),
});

export type MemberOptions = z.output<typeof memberOptions>;
export type MemberCtx = TargetCtx<SalesforceAccount, MemberOptions>;

/** Set by the target itself. */
const own: ReadonlySet<string> = new Set(["Id", "CampaignId", "ContactId", "LeadId"]);

/** The field of the person, the sync's one identifier. Throws ConfigError where there is none, or more. */
export function personField(sync: Pick<TargetSync, "name" | "match" | "fields">): string {
  checkNames(sync);
  const taken = sync.fields.find((field) => own.has(field) || field.includes("."));
  if (taken !== undefined) {
    throw new ConfigError(`sync "${sync.name}": a campaign member's ${taken} is not for a mapping`, {
      hint: "Map Status and the member's own custom fields; campaign and person come from `to:` and `match:`.",
    });
  }
  // An empty match is refused by the configuration already (needsMatch).
  const [field = "Id", second] = sync.match;
  if (second === undefined) return field;
  throw new ConfigError(`sync "${sync.name}": ${sync.match.length} fields in match, and a person is found by one`, {
    hint: "Keep one: an External ID field of the Contact or Lead, or its Id.",
  });
}

const state = z.object({ id: z.string().min(1) });

/** The campaign's Id for a sync that has been prepared. */
export function campaignId(prepared: Value): string {
  const read = state.safeParse(prepared);
  if (read.success) return read.data.id;
  throw new TargetInvalid("the campaign of this sync has not been looked up", { hint: "Run the sync again." });
}

/** Ids of campaigns begin with 701. https://help.salesforce.com/s/articleView?id=000385203&type=1 */
const isId = (text: string): boolean => /^701[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$/.test(text);

/** The one campaign of this Id, or of exactly this name. Campaigns are not made here: they carry budgets, dates and owners. */
export async function findCampaign(
  ctx: AccountCtx<SalesforceAccount>,
  { campaign }: Pick<MemberOptions, "campaign">,
): Promise<{ readonly id: string; readonly name: string }> {
  const field = isId(campaign) ? "Id" : "Name";
  const found: { readonly id: string; readonly name: string }[] = [];
  for (const statement of inQueries("Campaign", ["Id", "Name"], field, [campaign])) {
    for (const { Id: id, Name: name } of await query(ctx, statement)) {
      if (typeof id === "string" && typeof name === "string") found.push({ id, name });
    }
  }
  // SOQL compares without case.
  const exact = field === "Id" ? found : found.filter(({ name }) => name === campaign);
  const [first, second] = exact;
  if (first !== undefined && second === undefined) return first;
  if (second !== undefined) {
    throw new TargetInvalid(`Salesforce has ${exact.length} campaigns of the name "${campaign}"`, {
      hint: `Name the one you mean by its Id in \`to: {campaign: …}\`: ${exact.map(({ id }) => id).join(", ")}.`,
    });
  }
  throw new TargetInvalid(`Salesforce has no campaign "${campaign}"`, {
    hint: "Check its name or Id in `to: {campaign: …}`, and that the integration user is a Marketing User who may read it.",
  });
}
