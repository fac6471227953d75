import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { type Fates, noIdentifier, notFound, rejected, resultMissing, settled } from "../fates.ts";
import { type Identified, identifierText } from "../identified.ts";
import { happenedMs } from "../instant.ts";
import { onlyFields } from "../only-fields.ts";
import type { MarketoAccount } from "./account.ts";
import { type ActivityType, activityTypeOf, discoverActivity, findActivityType } from "./activity-type.ts";
import { call } from "./api.ts";
import { idsOf, maxLeads } from "./lookup.ts";
import { readAdded, resultsReply } from "./results.ts";
import { fieldOf, identityOf, maxBytes, oneIdentifier } from "./write.ts";

const options = z.strictObject({
  /** API name of a custom activity's type, which is made and approved in Marketo. */
  type: z.string().trim().min(1),
});
type ActivityCtx = TargetCtx<MarketoAccount, z.output<typeof options>>;

/** Custom activities of one type, of leads that are there. Marketo gives them no id of ours, so a second copy would count twice. */
export const activity: Target<MarketoAccount, z.output<typeof options>> = {
  description: "Custom activities of one type, of leads that are there; sent once",
  kind: "stream",
  options,
  identifiers: [],
  needsMatch: true,
  fields: { known: { activityDate: "datetime" }, others: "allowed" },
  ops: ["add"],
  modes: ["append"],
  onlyIfEmpty: false,
  object: (to) => `activity/${to.type}`,
  shape(_to, sync) {
    oneIdentifier(sync);
    checkFields(sync);
    return {
      // https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/activities: 300 a request.
      batch: { maxRows: maxLeads, maxBytes, mixedOps: true },
      resend: "once",
      outcome: "per-row",
      contents: "changes",
    };
  },
  // The leads are looked for, then their activities are added.
  requests: (_to, sync) => 2 * Math.ceil(sync.plannedRows / maxLeads),
  prepare: (ctx) => findActivityType(ctx, ctx.options.type),
  discover: (ctx) => discoverActivity(ctx, ctx.options.type),
  discoversAll: true,
  send,
};

function checkFields(sync: TargetSync): void {
  onlyFields(
    sync,
    "Marketo's activities",
    (name) => /^(activityDate|primaryAttributeValue|attributes\..+)$/.test(name),
    "Fields are primaryAttributeValue, activityDate, and `attributes.<API name>` for anything else.",
  );
  if (sync.plannedRows === 0 || sync.fields.includes("primaryAttributeValue")) return;
  throw new ConfigError(`sync "${sync.name}": Marketo takes no activity without its primary attribute`, {
    hint: "Map a column to `primaryAttributeValue`.",
  });
}

async function send(batch: Batch, ctx: ActivityCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identityOf(ctx.sync);
  const rows: Identified[] = [];
  for (const change of batch.changes) {
    const value = identifierText(change.match[by]);
    if (value === null) fates.set(change.seq, noIdentifier);
    else if (identifierText(change.fields.primaryAttributeValue) === null) fates.set(change.seq, noPrimary);
    else rows.push({ change, value });
  }
  const ids = await idsOf(ctx, by, rows, fates);
  const type = activityTypeOf(ctx.state);
  const sent: Identified[] = [];
  const input: Row[] = [];
  for (const row of rows) {
    if (fates.has(row.change.seq)) continue;
    const [id, ...others] = ids.get(row.change.seq) ?? [];
    const made = id === undefined || others.length > 0 ? null : toActivity(row.change.fields, id, type, ctx.sync);
    if (made === null) fates.set(row.change.seq, id === undefined ? notFound : severalLeads);
    else if ("status" in made) fates.set(row.change.seq, made);
    else {
      sent.push(row);
      input.push(made.activity);
    }
  }
  if (input.length > 0) {
    const path = "/rest/v1/activities/external.json";
    const { body } = await call(ctx, { method: "POST", path, json: { input }, expect: resultsReply });
    for (const [seq, fate] of readAdded(sent, body.result ?? [])) fates.set(seq, fate);
  }
  return settled(batch.changes, fates, resultMissing("Marketo", "once"));
}

const noPrimary = rejected("FIELD_MISSING", "primaryAttributeValue is empty, and Marketo takes no activity without it");
const severalLeads = rejected("MARKETO_1007", "several leads have this identifier; merge them in Marketo");

function toActivity(fields: Row, lead: string, type: ActivityType, sync: Pick<TargetSync, "createdAt">) {
  const { activityDate, primaryAttributeValue = null, ...others } = fields;
  const atMs = happenedMs(activityDate, sync);
  if (atMs === null) return rejected("TIME_UNREADABLE", "activityDate is no instant");
  const attributes: Value[] = [];
  for (const [name, value] of Object.entries(others)) {
    if (value === null) continue;
    const apiName = name.slice("attributes.".length);
    const called = type.attributes[apiName];
    if (called === undefined) return rejected("MARKETO_1006", `the activity type has no attribute ${apiName}`);
    attributes.push({ apiName, name: called, value: fieldOf(value) });
  }
  return {
    activity: {
      leadId: Number(lead),
      activityDate: new Date(atMs).toISOString(),
      activityTypeId: type.id,
      primaryAttributeValue: String(fieldOf(primaryAttributeValue)),
      attributes,
    },
  };
}
