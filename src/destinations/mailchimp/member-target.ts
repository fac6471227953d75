import { z } from "zod";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Batch, DiscoveredField, Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates, notFound, rejected, resultMissing, settled } from "../fates.ts";
import { type Identified, identified, lowered } from "../identified.ts";
import { oneByOne } from "../one-by-one.ts";
import { question } from "../question.ts";
import type { MailchimpAccount } from "./account.ts";
import { callBlind, callJson, memberPath } from "./api.ts";
import { audienceOption, findAudience, prepared } from "./audience.ts";
import { batchReply, readBatch } from "./batch-answer.ts";
import { checkMemberFields, memberFields, toMember } from "./member.ts";
import { mergeFields } from "./merge-fields.ts";

const options = z.strictObject({
  audience: audienceOption,
  /** What members become, those that are there already included. No default: it is somebody's consent. */
  status: z.enum(["subscribed", "pending", "unsubscribed", "transactional"]),
  /** Given to every member that is written. */
  tags: z.array(z.string().trim().min(1).max(100)).default([]),
  /** Accept members without a value for the merge fields that the audience requires. */
  skip_merge_validation: z.boolean().default(false),
});
type MemberOptions = z.output<typeof options>;
type MemberCtx = TargetCtx<MailchimpAccount, MemberOptions>;

/** https://mailchimp.com/developer/marketing/api/lists/batch-subscribe-or-unsubscribe/ */
export const maxMembers = 500;
/** No figure is published for a request's size: conservative. */
const maxBytes = 4_000_000;

/** Members of an audience, 500 a request, each with its own result. Updates without creating, and archiving, go one by one. */
export const member: Target<MailchimpAccount, MemberOptions> = {
  description: "Members of an audience with merge fields, groups, tags and status; when_removed: delete archives",
  kind: "records",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: memberFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "remove"],
  onlyIfEmpty: false,
  object: (to) => `audience/${to.audience}`,
  shape(_to, sync) {
    checkMemberFields(sync);
    return {
      batch: { maxRows: rowsPerBatch(sync), maxBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) =>
    sync.removes +
    (sync.mode === "update"
      ? sync.plannedRows - sync.removes
      : Math.ceil((sync.plannedRows - sync.removes) / maxMembers)),
  prepare: async (ctx) => ({ audience: await findAudience(ctx, ctx.options.audience) }),
  discover: async (ctx): Promise<readonly DiscoveredField[]> =>
    mergeFields(ctx, await findAudience(ctx, ctx.options.audience)),
  send,
};

/** One by one, a batch is kept short: what was done before an error is done again. */
const rowsPerBatch = (sync: TargetSync): number => (sync.mode === "update" || sync.mode === "remove" ? 50 : maxMembers);

async function send(batch: Batch, ctx: MemberCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, "email", fates, lowered);
  const width = ctx.account.connections;
  if (batch.changes[0]?.op === "remove") await oneByOne(rows, width, fates, (row) => archive(row, ctx));
  else if (batch.writes === "update") await oneByOne(rows, width, fates, (row) => patch(row, ctx));
  else if (rows.length > 0) {
    for (const [seq, fate] of await write(rows, batch.writes, ctx)) fates.set(seq, fate);
  }
  return settled(batch.changes, fates, resultMissing("Mailchimp"));
}

async function write(rows: readonly Identified[], writes: "upsert" | "insert", ctx: MemberCtx): Promise<Fates> {
  const { status, tags, skip_merge_validation: skip } = ctx.options;
  const { body } = await callJson(ctx, {
    method: "POST",
    path: `/lists/${prepared(ctx.state).audience}`,
    ...(skip ? { query: { skip_merge_validation: true } } : {}),
    // sync_tags would take away the tags that the request does not name.
    json: {
      members: rows.map((row) => toMember(row, status, tags)),
      sync_tags: false,
      update_existing: writes === "upsert",
    },
    expect: batchReply,
  });
  return readBatch(rows, writes, body);
}

/** The only write that never creates. A status is written only if the row has one: the target's is for new members. */
async function patch(row: Identified, ctx: MemberCtx): Promise<RowFate> {
  const { email_address: _own, tags: _tags, ...fields } = toMember(row, undefined, []);
  const path = memberPath(prepared(ctx.state).audience, row.value);
  const query = ctx.options.skip_merge_validation ? { query: { skip_merge_validation: true } } : {};
  const { status } = await callBlind(ctx, { method: "PATCH", path, ...query, json: fields, accept: [404] });
  return status === 404 ? notFound : delivered();
}

const statusReply = z.object({ status: z.union([z.string(), z.number()]) });

/** Who is archived, or was never there, is not a member. https://mailchimp.com/developer/marketing/api/list-members/archive-list-member/ */
async function archive(row: Identified, ctx: MemberCtx): Promise<RowFate> {
  const path = memberPath(prepared(ctx.state).audience, row.value);
  const { status } = await callBlind(ctx, { method: "DELETE", path, accept: [404, 405] });
  if (status !== 405) return delivered();
  // 405: this member cannot be removed, perhaps because that was done before.
  const { body } = await question(() =>
    callJson(ctx, { method: "GET", path, query: { fields: "status" }, accept: [404], expect: statusReply }),
  );
  if (body.status === "archived" || body.status === 404) return delivered();
  return rejected("NOT_REMOVABLE", "Mailchimp says that this member cannot be archived");
}
