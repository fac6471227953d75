import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Value } from "../../core/value.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { delivered, type Fates, notFound, settled } from "../fates.ts";
import { type Identified, identified } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { type IntercomAccount, width } from "./account.ts";
import { call, tryCall } from "./api.ts";
import { checkContacts, missing } from "./contact-target.ts";
import { contactIds, writeContacts } from "./contacts.ts";
import { refusalFate } from "./errors.ts";
import { contactFields } from "./fields.ts";
import { foldedBy, identifierOf, identifiers, maxSearched } from "./lookup.ts";

const options = z.strictObject({
  /** The tag's name; made if there is none. */
  tag: z.string().trim().min(1),
  /** Make contacts that are not there; else they are rejected as NOT_FOUND. */
  create_contacts: z.boolean().default(true),
  role: z.enum(["user", "lead"]).default("user"),
});
type TagOptions = z.output<typeof options>;
type TagCtx = TargetCtx<IntercomAccount, TagOptions>;

const named = z.object({ id: z.string().min(1) });
const scope = "Write tags";

/** Contacts with a tag: they are written first, as by the target `contact`. A removal takes off the tag and leaves the contact. */
export const tag: Target<IntercomAccount, TagOptions> = {
  description: "Contacts with a tag, and their attributes",
  kind: "list",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: contactFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  // Names of tags are compared without case.
  object: (to) => `tag/${to.tag.toLowerCase()}`,
  shape(_to, sync) {
    checkContacts(sync);
    return {
      batch: { maxRows: maxSearched, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests(_to, sync) {
    const written = sync.plannedRows - sync.removes;
    return written * 2 + Math.ceil(written / maxSearched) + sync.removes + Math.ceil(sync.removes / maxSearched);
  },
  prepare: async (ctx) => ({ id: await tagId(ctx) }),
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? leave(batch, ctx) : join(batch, ctx)),
};

/** Made, or the one of this name. https://developers.intercom.com/docs/references/rest-api/api.intercom.io/tags/createtag */
async function tagId(ctx: TagCtx): Promise<string> {
  const { body } = await call(ctx, {
    method: "POST",
    path: "/tags",
    scope,
    json: { name: ctx.options.tag },
    expect: named,
  });
  return body.id;
}

function preparedId(state: Value): string {
  const read = named.safeParse(state);
  if (read.success) return read.data.id;
  throw new TargetInvalid("the tag of this sync has not been looked up", { hint: "Run the sync again." });
}

async function join(batch: Batch, ctx: TagCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identifierOf(ctx.sync);
  const { create_contacts, role } = ctx.options;
  await writeContacts(ctx, { by, role, writes: create_contacts ? "upsert" : "update" }, batch.changes, fates);
  const rows = batch.changes.flatMap((change) => {
    const fate = fates.get(change.seq);
    return fate?.status === "delivered" && fate.externalId !== undefined ? [{ change, id: fate.externalId }] : [];
  });
  const id = preparedId(ctx.state);
  await oneByOne(rows, width, fates, async (row) => {
    const answer = await tryCall(ctx, {
      method: "POST",
      path: `/contacts/${encodeURIComponent(row.id)}/tags`,
      scope,
      json: { id },
      expect: named,
    });
    return "body" in answer ? delivered(row.id) : refusalFate(answer.refused);
  });
  // A tag that was deleted meanwhile refuses everybody, and is no fault of a row's.
  if (rows.length > 1 && rows.every(({ change }) => fates.get(change.seq) === notFound)) throw tagGone();
  return settled(batch.changes, fates, missing);
}

async function leave(batch: Batch, ctx: TagCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identifierOf(ctx.sync);
  const rows: readonly Identified[] = identified(batch.changes, by, fates, foldedBy(by));
  const ids = await contactIds(ctx, by, rows);
  const tagged = preparedId(ctx.state);
  await oneByOne(rows, width, fates, async ({ change }) => {
    for (const id of ids.get(change.seq) ?? []) {
      const path = `/contacts/${encodeURIComponent(id)}/tags/${encodeURIComponent(tagged)}`;
      const answer = await tryCall(ctx, { method: "DELETE", path, scope, expect: named });
      // Neither a contact that is gone nor one without the tag has it.
      if ("refused" in answer && answer.refused.status !== 404) return refusalFate(answer.refused);
    }
    return delivered();
  });
  return settled(batch.changes, fates, missing);
}

const tagGone = () =>
  new TargetInvalid("Intercom does not find the tag of this sync", {
    hint: "It was deleted after the run began: run the sync again, and it is made anew.",
  });
