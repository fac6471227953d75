import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target, TargetCtx } from "../connector.ts";
import { accepted, chunks, delivered, type Fates, rejected, resultMissing, settled } from "../fates.ts";
import { type Identified, identified } from "../identified.ts";
import { pathSegment } from "../path-segment.ts";
import type { IterableAccount } from "./account.ts";
import { apiReply, type Ctx, call } from "./api.ts";
import { bulkFates, bulkReply, checkDropped } from "./bulk-result.ts";
import { discover } from "./discover.ts";
import { foldedBy, type Identifier, identifierOf, identifiers } from "./identity.ts";
import { checkProfileFields, knownFields, profileOptions, tooLong, toUser } from "./users.ts";

const options = z.strictObject({
  ...profileOptions,
  /** Make fields that the project does not have. Absent: as the project's settings say. */
  create_new_fields: z.boolean().optional(),
});
type UserOptions = z.output<typeof options>;
type UserCtx = TargetCtx<IterableAccount, UserOptions>;

/** No figure is published; integrators send as many. */
export const maxRows = 1_000;

/** https://api.iterable.com/api/docs: 4 MB; what wraps each user is left room for. */
export const maxBatchBytes = 3_000_000;

/** User profiles; who is not there is made. A removal deletes the user, and lets them come back. */
export const user: Target<IterableAccount, UserOptions> = {
  description: "User profiles and their fields; nobody's subscriptions or lists change",
  kind: "records",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: knownFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: () => "user",
  shape(_to, sync) {
    identifierOf(sync);
    checkProfileFields(sync);
    return {
      batch: { maxRows, maxBytes: maxBatchBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => Math.ceil((sync.plannedRows - sync.removes) / maxRows) + sync.removes,
  discover,
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? remove(batch, ctx) : write(batch, ctx)),
};

async function write(batch: Batch, ctx: UserCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identifierOf(ctx.sync);
  const { create_new_fields } = ctx.options;
  for (const part of chunks(fitting(batch.changes, by, fates), ctx.account.rows_per_request)) {
    const { body } = await call(ctx, {
      method: "POST",
      scope: "bulk-update",
      path: "/api/users/bulkUpdate",
      json: {
        users: part.map((row) => toUser(row, by, ctx.options)),
        ...(create_new_fields === undefined ? {} : { createNewFields: create_new_fields }),
      },
      expect: bulkReply,
    });
    checkDropped(body);
    const sent = part.map(({ change, value }) => ({ seq: change.seq, value }));
    for (const [seq, fate] of bulkFates(sent, by, body, delivered())) fates.set(seq, fate);
  }
  return settled(batch.changes, fates, missing);
}

/** Rows that can be sent; the others get their fate. */
export function fitting(changes: readonly Change[], by: Identifier, fates: Fates): readonly Identified[] {
  return identified(changes, by, fates, foldedBy(by)).filter(({ change }) => {
    const flaw = tooLong(change.fields);
    if (flaw !== null) fates.set(change.seq, flaw);
    return flaw === null;
  });
}

async function remove(batch: Batch, ctx: UserCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const by = identifierOf(ctx.sync);
  for (const { change, value } of identified(batch.changes, by, fates, foldedBy(by))) {
    fates.set(change.seq, await removeOne(ctx, by, value));
  }
  return settled(batch.changes, fates, missing);
}

const gone = new Set(["NotFound", "UnknownEmailError", "UnknownUserIdError", "ForgottenUserError"]);
const invalid = new Set(["InvalidEmailAddressError", "InvalidUserIdError"]);

/** One user a request; "asynchronous", so accepted. https://api.iterable.com/api/docs#users_delete */
async function removeOne(ctx: Ctx, by: Identifier, value: string) {
  const segment = pathSegment(value);
  if (segment === null) return removalFate("InvalidUserIdError");
  const { body } = await call(ctx, {
    method: "DELETE",
    scope: "delete",
    path: `/api/users/${by === "userId" ? "byUserId/" : ""}${segment}`,
    accept: [400, 404],
    expect: apiReply,
  });
  return removalFate(body.code);
}

/** Who is not there, or was forgotten, is gone already. */
export function removalFate(code: string) {
  if (code === "Success") return accepted;
  if (gone.has(code)) return delivered();
  if (invalid.has(code)) return rejected("INVALID_IDENTIFIER", "Iterable refused the email or userId");
  return missing;
}

export const missing = resultMissing("Iterable");
