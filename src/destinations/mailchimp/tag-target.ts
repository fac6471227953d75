import { z } from "zod";
import type { BatchResult, RowFate } from "../../core/result.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { delivered, type Fates, notFound, resultMissing, settled } from "../fates.ts";
import { type Identified, identified, lowered } from "../identified.ts";
import { byLoweredValue } from "../named-rows.ts";
import { oneByOne } from "../one-by-one.ts";
import { question } from "../question.ts";
import type { MailchimpAccount } from "./account.ts";
import { callJson, memberPath } from "./api.ts";
import { audienceOption, findAudience, findOrCreateTag, prepared } from "./audience.ts";

const options = z.strictObject({
  audience: audienceOption,
  tag: z.string().trim().min(1).max(100),
  /** Make the tag when none has this name. */
  create: z.boolean().default(true),
});
type TagOptions = z.output<typeof options>;
type TagCtx = TargetCtx<MailchimpAccount, TagOptions>;

/** https://mailchimp.com/developer/marketing/api/list-segments/batch-add-or-remove-members/ */
const maxEmails = 500;

/** Members of the audience that have a tag, which is a static segment. Nobody is made a member, and nobody's consent changes. */
export const tag: Target<MailchimpAccount, TagOptions> = {
  description: "A tag (static segment) on members of an audience; who is not in the audience is NOT_FOUND",
  kind: "list",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: {}, others: "refused" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `audience/${to.audience}/tag/${to.tag}`,
  shape: () => ({
    batch: { maxRows: maxEmails, mixedOps: true },
    resend: "idempotent",
    outcome: "per-row",
    contents: "changes",
  }),
  requests: (_to, sync) =>
    Math.ceil((sync.plannedRows - sync.removes) / maxEmails) + Math.ceil(sync.removes / maxEmails),
  async prepare(ctx) {
    const audience = await findAudience(ctx, ctx.options.audience);
    return { audience, segment: await findOrCreateTag(ctx, audience, ctx.options.tag, ctx.options.create) };
  },
  send,
};

const member = z.object({ email_address: z.string() });
export const segmentReply = z.object({ members_added: z.array(z.unknown()), members_removed: z.array(z.unknown()) });

async function send(batch: Batch, ctx: TagCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, "email", fates, lowered);
  const removes = batch.changes[0]?.op === "remove";
  if (rows.length > 0) {
    const { audience, segment } = prepared(ctx.state);
    const emails = rows.map((row) => row.value);
    const { body } = await callJson(ctx, {
      method: "POST",
      path: `/lists/${audience}/segments/${segment}`,
      json: removes ? { members_to_remove: emails } : { members_to_add: emails },
      expect: segmentReply,
    });
    for (const seq of changedRows(rows, removes ? body.members_removed : body.members_added)) {
      fates.set(seq, delivered());
    }
  }
  // Who had (or lacked) the tag already, and who is not in the audience, is not among the changed: they are asked for.
  const open = rows.filter((row) => !fates.has(row.change.seq));
  await oneByOne(open, ctx.account.connections, fates, (row) => tagged(row, removes, ctx));
  return settled(batch.changes, fates, resultMissing("Mailchimp"));
}

export function changedRows(rows: readonly Identified[], changed: readonly unknown[]): readonly number[] {
  const named = byLoweredValue(rows);
  return changed.flatMap((raw) => {
    const row = named.get(lowered(member.safeParse(raw).data?.email_address ?? ""));
    return row === undefined ? [] : [row.change.seq];
  });
}

const memberReply = z.union([
  z.object({ tags: z.array(z.object({ name: z.string() })), status: z.string() }),
  z.object({ status: z.literal(404) }),
]);

async function tagged(row: Identified, removes: boolean, ctx: TagCtx): Promise<RowFate> {
  const { body } = await question(() =>
    callJson(ctx, {
      method: "GET",
      path: memberPath(prepared(ctx.state).audience, row.value),
      query: { fields: "status,tags" },
      accept: [404],
      expect: memberReply,
    }),
  );
  // Archived members keep their tags and are in no segment.
  if (!("tags" in body) || body.status === "archived") return removes ? delivered() : notFound;
  return body.tags.some((one) => one.name === ctx.options.tag) === removes ? resultMissing("Mailchimp") : delivered();
}
