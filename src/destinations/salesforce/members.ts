import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch } from "../connector.ts";
import { delivered, type Fates, noIdentifier, toRows } from "../fates.ts";
import { callJson } from "./api.ts";
import { campaignId, type MemberCtx, personField } from "./campaign.ts";
import { collectionRequest, readCollection } from "./collections.ts";
import { ambiguous, notFound } from "./errors.ts";
import { unmatched } from "./fates.ts";
import { type Found, RecordIndex } from "./lookup.ts";
import type { Identity } from "./options.ts";
import { fieldValue, matchValue } from "./payload.ts";
import { inQueries, literal, query, valueAt } from "./soql.ts";
import type { Item, Operation } from "./work.ts";

const object = "CampaignMember";

/**
 * Members can be created, updated by Id and deleted, not upserted: who is one already is told by DUPLICATE_VALUE, and only
 * those are looked up. Sent twice, a batch therefore changes nothing twice.
 * https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_campaignmember.htm
 */
export async function sendMembers(batch: Batch, ctx: MemberCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const named: Change[] = [];
  for (const change of batch.changes) {
    if (personOf(change, ctx) !== null || (change.op === "remove" && change.externalId !== undefined))
      named.push(change);
    else fates.set(change.seq, noIdentifier);
  }
  if (batch.changes[0]?.op === "remove") await remove(ctx, named, fates);
  else await add(ctx, named, batch.writes, fates);
  return { state: "done", rows: toRows(batch.changes, fates, unmatched("again")) };
}

async function add(ctx: MemberCtx, changes: readonly Change[], writes: Batch["writes"], fates: Fates): Promise<void> {
  const updates = (change: Change) => writes !== "insert" && change.externalId !== undefined && hasFields(change);
  const known = changes.filter(updates);
  await write(
    ctx,
    "update",
    known.map((change) => toItem(change, change.externalId)),
    fates,
  );
  // A member who was taken out by hand is one again.
  const gone = new Set(known.filter((change) => fates.get(change.seq) === notFound));
  const fresh = changes.filter((change) => gone.has(change) || !updates(change));
  for (const { seq } of gone) fates.delete(seq);
  await write(
    ctx,
    "insert",
    fresh.map((change) => toItem(change, undefined, membership(change, ctx))),
    fates,
  );
  await settleMembers(
    ctx,
    fresh.filter((change) => isDuplicate(fates, change)),
    writes,
    fates,
  );
}

/** Who is a member already gets the fields, unless the sync must not change what is there. */
async function settleMembers(
  ctx: MemberCtx,
  changes: readonly Change[],
  writes: Batch["writes"],
  fates: Fates,
): Promise<void> {
  const found = await findMembers(ctx, changes);
  const items: Item[] = [];
  for (const change of changes) {
    const there = found.get(change.seq);
    // Nobody found: the duplicate is of another field, and stays a refusal.
    if (there === undefined || there.count === 0) continue;
    if (there.count === 2) fates.set(change.seq, ambiguous);
    else if (writes === "insert" || !hasFields(change)) fates.set(change.seq, delivered(there.id));
    else {
      fates.delete(change.seq);
      items.push(toItem(change, there.id));
    }
  }
  await write(ctx, "update", items, fates);
}

async function remove(ctx: MemberCtx, changes: readonly Change[], fates: Fates): Promise<void> {
  const asked = changes.filter((change) => change.externalId === undefined);
  const found = await findMembers(ctx, asked);
  const items: Item[] = [];
  for (const change of changes) {
    const there = found.get(change.seq);
    if (change.externalId !== undefined) items.push(toItem(change, change.externalId));
    else if (there?.count === 1) items.push(toItem(change, there.id));
    else fates.set(change.seq, there?.count === 2 ? ambiguous : delivered());
  }
  await write(ctx, "delete", items, fates);
}

async function write(ctx: MemberCtx, operation: Operation, items: readonly Item[], fates: Fates): Promise<void> {
  if (items.length === 0) return;
  const identity: Identity = { by: "nothing" };
  const request = collectionRequest(object, { operation, identity, items });
  const reply = await callJson(ctx, { ...request, expect: z.unknown() });
  for (const [i, fate] of readCollection(operation, items, reply.body).entries()) {
    const item = items[i];
    if (item !== undefined && fate !== null) fates.set(item.change.seq, fate);
  }
}

/** Memberships in the campaign, by seq of the change. */
async function findMembers(ctx: MemberCtx, changes: readonly Change[]): Promise<ReadonlyMap<number, Found>> {
  const path = personPath(ctx);
  const byId = path.endsWith("Id");
  const index = new RecordIndex(byId ? (text) => text.slice(0, 15) : (text) => text);
  const values = changes.flatMap((change) => personOf(change, ctx) ?? []);
  const campaign = `CampaignId = ${literal(campaignId(ctx.state))}`;
  for (const statement of inQueries(object, ["Id", path], path, values, campaign)) {
    for (const member of await query(ctx, statement)) {
      index.add(String(fieldValue(valueAt(member, path)) ?? ""), member);
    }
  }
  return new Map(changes.map((change) => [change.seq, index.get(String(personOf(change, ctx)))]));
}

function membership(change: Change, ctx: MemberCtx): Row {
  return { CampaignId: campaignId(ctx.state), [personPath(ctx)]: personOf(change, ctx) };
}

/** `ContactId`, or `Contact.Customer_No__c`: the person by an External ID. */
function personPath(ctx: MemberCtx): string {
  const field = personField(ctx.sync);
  return field === "Id" ? `${ctx.options.member}Id` : `${ctx.options.member}.${field}`;
}

const personOf = (change: Change, ctx: MemberCtx) => matchValue(change, { by: "field", field: personField(ctx.sync) });

const toItem = (change: Change, id: string | undefined, more: Row = {}): Item => ({
  change,
  id: id ?? null,
  fields: { ...more, ...change.fields },
});

const hasFields = (change: Change): boolean => Object.keys(change.fields).length > 0;

function isDuplicate(fates: Fates, change: Change): boolean {
  const fate = fates.get(change.seq);
  return fate?.status === "rejected" && fate.code === "DUPLICATE_VALUE";
}
