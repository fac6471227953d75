import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { Target, TargetCtx } from "../connector.ts";
import { accepted, chunks, type Fates, settled } from "../fates.ts";
import { type Identified, identified } from "../identified.ts";
import type { CustomerioAccount } from "./account.ts";
import { maxBatchBytes, missing, sendBatch } from "./batch.ts";
import { segmentError } from "./errors.ts";
import { foldedBy, type Identifier, identifierOf } from "./identity.ts";
import { checkAttributes, identify, knownFields } from "./people.ts";

const options = z.strictObject({
  /** Number of a manual segment. */
  segment: z.coerce.string().regex(/^\d{1,10}$/, "the segment's number, from its page"),
  /** Make people who are not there before they are added; else Customer.io ignores them. */
  create_people: z.boolean().default(true),
});
type SegmentOptions = z.output<typeof options>;
type SegmentCtx = TargetCtx<CustomerioAccount, SegmentOptions>;

/** https://customer.io/docs/api/track/#operation/add_to_segment */
const maxMembers = 1_000;
const membersBy = ["id", "email", "cio_id"] as const;

/** Ten requests of members, with people packed into as few as their bytes allow. */
const maxRows = 10_000;

/** Members of a manual segment, with their attributes. A removal ends the membership and leaves the person. */
export const segment: Target<CustomerioAccount, SegmentOptions> = {
  description: "Members of a manual segment, with their attributes",
  kind: "list",
  options,
  identifiers: membersBy,
  needsMatch: true,
  fields: { known: knownFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `segment/${to.segment}`,
  shape(to, sync) {
    identifierOf(sync);
    checkAttributes(sync);
    if (!to.create_people && sync.fields.length > 0) {
      throw new ConfigError(`sync "${sync.name}": attributes are written to people, and create_people is false`, {
        hint: "Leave out `fields`, or `create_people: false`.",
      });
    }
    return {
      batch: { maxRows, maxBytes: maxBatchBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const by = identifierOf(ctx.sync);
    const rows = identified(batch.changes, by, fates, foldedBy(by));
    const leaving = batch.changes[0]?.op === "remove";
    if (leaving || !ctx.options.create_people) {
      await changeMembers(ctx, by, rows, leaving ? "remove" : "add");
      for (const { change } of rows) fates.set(change.seq, accepted);
      return settled(batch.changes, fates, missing);
    }
    await sendBatch(
      ctx,
      rows.map((row) => identify(row, by)),
      fates,
    );
    // Only who was taken as a person becomes a member; the others keep the fate they have.
    const people = rows.filter(({ change }) => fates.get(change.seq)?.status === accepted.status);
    await changeMembers(ctx, by, people, "add");
    return settled(batch.changes, fates, missing);
  },
};

/** Ids that nobody has are ignored. https://customer.io/docs/api/track/#operation/remove_from_segment */
async function changeMembers(
  ctx: SegmentCtx,
  by: Identifier,
  rows: readonly Identified[],
  how: "add" | "remove",
): Promise<void> {
  for (const part of chunks(rows, maxMembers)) {
    await ctx.http.request({
      method: "POST",
      path: `/api/v1/segments/${ctx.options.segment}/${how}_customers`,
      query: { id_type: by },
      json: { ids: part.map((row) => row.value) },
      expect: "none",
      mapError: segmentError,
    });
  }
}
