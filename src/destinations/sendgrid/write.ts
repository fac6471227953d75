import type { Change } from "../../core/change.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates, noIdentifier, notFound, resultMissing, settled } from "../fates.ts";
import { duplicateMatch, identifierText, lowered } from "../identified.ts";
import type { SendgridAccount } from "./account.ts";
import { callJson } from "./api.ts";
import { flawOf, identityOf, toContact } from "./contacts.ts";
import { idsOf } from "./fields.ts";
import { jobReply, pending } from "./job.ts";
import { findContacts, maxLookup } from "./lookup.ts";

/** https://www.twilio.com/docs/sendgrid/api-reference/contacts/add-or-update-a-contact: 30,000 contacts or 6 MB. */
export const maxContacts = 30_000;
/** What the wrapping of each contact adds is left room for. */
export const maxBytes = 5_000_000;

type Ctx = TargetCtx<SendgridAccount, unknown>;

/** Create and fill are one request: a lost answer is sent again, which changes nothing twice. */
export async function upsertContacts(batch: Batch, ctx: Ctx, listIds: readonly string[]): Promise<BatchResult> {
  const fates: Fates = new Map();
  const custom = await idsOf(ctx, ctx.state, namesOf(batch));
  const rows = distinct(await wanted(batch, ctx, fates), fates).flatMap((change) => {
    const contact = toContact(change, custom);
    const flaw = flawOf(contact);
    if (flaw !== null) fates.set(change.seq, flaw);
    return flaw === null ? [contact] : [];
  });
  if (rows.length === 0) return settled(batch.changes, fates, resultMissing("SendGrid"));
  const { body } = await callJson(ctx, {
    method: "PUT",
    path: "/v3/marketing/contacts",
    scope: "marketing",
    json: { ...(listIds.length === 0 ? {} : { list_ids: listIds }), contacts: rows },
    expect: jobReply,
  });
  return pending(body.job_id, fates);
}

const namesOf = (batch: Batch): readonly string[] => [
  ...new Set(batch.changes.flatMap((change) => Object.keys(change.fields))),
];

/** The upsert would create, and change what is there: where the mode forbids one of them, SendGrid is asked first. */
async function wanted(batch: Batch, ctx: Ctx, fates: Fates): Promise<readonly Change[]> {
  if (batch.writes === "upsert") return batch.changes;
  const emailOf = (change: Change) => lowered(identifierText(change.match.email) ?? "");
  const ids = await findContacts(
    ctx,
    batch.changes.map(emailOf).filter((email) => email !== ""),
  );
  return batch.changes.filter((change) => {
    const id = ids.get(emailOf(change));
    if (emailOf(change) === "") fates.set(change.seq, noIdentifier);
    else if (id === undefined) fates.set(change.seq, resultMissing("SendGrid"));
    else if (id === null && batch.writes === "update") fates.set(change.seq, notFound);
    else if (id !== null && batch.writes === "insert") fates.set(change.seq, delivered(id));
    return !fates.has(change.seq);
  });
}

/** Two contacts of one address would be one. */
function distinct(changes: readonly Change[], fates: Fates): readonly Change[] {
  const taken = new Set<string>();
  return changes.filter((change) => {
    const identity = identityOf(change);
    if (identity === null) fates.set(change.seq, noIdentifier);
    else if (taken.has(identity)) fates.set(change.seq, duplicateMatch);
    else {
      taken.add(identity);
      return true;
    }
    return false;
  });
}

/** Requests and polls of the writes of a plan. */
export function writeRequests(sync: TargetSync): number {
  const rows = sync.plannedRows - sync.removes;
  const asks = sync.mode === "upsert" || sync.mode === "mirror" ? 0 : Math.ceil(rows / maxLookup);
  return Math.ceil(rows / maxContacts) * 2 + asks;
}
