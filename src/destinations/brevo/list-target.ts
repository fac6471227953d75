import { z } from "zod";
import type { BatchResult, JobHandle, RowFate } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import { invalidEmail, isAddress } from "../address.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { accepted, chunks, delivered, type Fates, rejected, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { byLoweredValue } from "../named-rows.ts";
import type { BrevoAccount } from "./account.ts";
import { ask, callJson } from "./api.ts";
import { attributeTypes, discoverFields, toAttributes, typesOf } from "./attributes.ts";
import { findOrCreateList, listId } from "./lists.ts";

const options = z.strictObject({
  /** The list's name or id. */
  list: z.union([z.string().trim().min(1), z.int().transform(String)]),
  /** Make a list when none has this name. */
  create: z.boolean().default(true),
  /** Id of the folder to make it in; default: the first. */
  folder: z.int().optional(),
});
type ListOptions = z.output<typeof options>;
type ListCtx = TargetCtx<BrevoAccount, ListOptions>;

/** No figure is published for rows; a body may have 10 MB, and 8 are recommended. https://developers.brevo.com/reference/import-contacts */
const maxRows = 10_000;
const maxBytes = 6_000_000;
/** https://developers.brevo.com/reference/remove-contact-from-list */
const maxRemovals = 150;

/** Members of a list: contacts are imported into it by a job that names nobody; removals end the membership and leave the contact. */
export const list: Target<BrevoAccount, ListOptions> = {
  description: "Members of a list, imported with their attributes",
  kind: "list",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: {}, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `list/${to.list}`,
  shape: () => ({
    batch: { maxRows, maxBytes, mixedOps: true },
    resend: "idempotent",
    outcome: "per-batch",
    contents: "changes",
  }),
  requests: (_to, sync: TargetSync) =>
    2 * Math.ceil((sync.plannedRows - sync.removes) / maxRows) + Math.ceil(sync.removes / maxRemovals),
  prepare: async (ctx) => ({
    attributes: await attributeTypes(ctx),
    list: await findOrCreateList(ctx, ctx.options),
  }),
  discover: discoverFields,
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? leave(batch, ctx) : join(batch, ctx)),
  poll: pollImport,
};

const importReply = z.object({ processId: z.int() });
const handle = z.object({ settled: z.array(z.tuple([z.int(), z.string(), z.string()])) });

/** Create and fill are one request: a lost answer is sent again, which changes nothing twice. */
async function join(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const names = new Set(batch.changes.flatMap((change) => Object.keys(change.fields)));
  const types = await typesOf(ctx, ctx.state, [...names]);
  const rows = identified(batch.changes, "email", fates, lowered).flatMap(({ change, value }): Row[] => {
    const attributes = toAttributes(change.fields, types);
    // The import leaves such rows out without a word.
    const flaw = isAddress(value) ? null : invalidEmail;
    const fate = flaw ?? ("status" in attributes && typeof attributes.status === "string" ? attributes : null);
    if (fate !== null) fates.set(change.seq, fate as RowFate);
    return fate === null ? [{ email: value, attributes: attributes as Row }] : [];
  });
  if (rows.length === 0) return settled(batch.changes, fates, resultMissing("Brevo"));
  const { body } = await callJson(ctx, {
    method: "POST",
    path: "/contacts/import",
    json: {
      jsonBody: rows,
      listIds: [listId(ctx.state)],
      updateExistingContacts: true,
      // Empty values clear; without this NULL would leave what is there.
      emptyContactsAttributes: true,
      disableNotification: true,
    },
    expect: importReply,
  });
  const data = {
    settled: [...fates].flatMap(([seq, fate]) => (fate.status === "rejected" ? [[seq, fate.code, fate.message]] : [])),
  };
  return { state: "pending", job: { id: String(body.processId), phase: "queued", data }, pollAfterMs };
}

/** A hundred of these requests may be made an hour. */
const pollAfterMs = 40_000;

const process = z.object({ status: z.string() });
const gone = z.object({ code: z.string() });

/** https://developers.brevo.com/reference/get-process */
async function pollImport(job: JobHandle, batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map(
    handle.parse(job.data).settled.map(([seq, code, message]) => [seq, rejected(code, message)]),
  );
  const { body } = await ask(ctx, {
    path: `/processes/${encodeURIComponent(job.id)}`,
    accept: [404],
    expect: process.or(gone),
  });
  const status = "status" in body ? body.status : "gone";
  if (status === "queued" || status === "in_process") {
    return { state: "pending", job: { ...job, phase: status }, pollAfterMs };
  }
  // The process counts nothing and names nobody.
  return settled(batch.changes, fates, status === "completed" ? accepted : resultMissing("Brevo"));
}

const names = z.array(z.union([z.string(), z.number()]).transform(String)).nullish();
const outcome = z.object({ success: names, failure: names });
/** The description wraps the outcome in `contacts`; the page's example does not. */
const removalReply = z.object({ contacts: outcome }).or(outcome.transform((contacts) => ({ contacts })));

async function leave(batch: Batch, ctx: ListCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  for (const part of chunks(identified(batch.changes, "email", fates, lowered), maxRemovals)) {
    const { body } = await callJson(ctx, {
      method: "POST",
      path: `/contacts/lists/${listId(ctx.state)}/contacts/remove`,
      json: { emails: part.map((row) => row.value) },
      expect: removalReply,
    });
    const named = byLoweredValue(part);
    // `failure`: not in the list, or no contact at all. Either way it is not a member.
    for (const email of [...(body.contacts.success ?? []), ...(body.contacts.failure ?? [])]) {
      const row = named.get(lowered(email));
      if (row !== undefined) fates.set(row.change.seq, delivered());
    }
  }
  return settled(batch.changes, fates, resultMissing("Brevo"));
}
