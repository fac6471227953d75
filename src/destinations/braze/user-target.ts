import { z } from "zod";
import type { Change } from "../../core/change.ts";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import { ConfigError } from "../../core/errors.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Row } from "../../core/value.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { type Fates, notFound, rejected, settled } from "../fates.ts";
import { type Identified, identified, longText } from "../identified.ts";
import type { BrazeAccount } from "./account.ts";
import { discover } from "./discover.ts";
import { existing, maxExported } from "./existing.ts";
import { standardFields } from "./fields.ts";
import { foldedBy, type Identity, identifiers, identifying, identityOf } from "./identity.ts";
import { deletedBy, maxDeleted, removeUsers } from "./remove.ts";
import { maxBatchBytes, maxTextLength, missing, type Tracked, track } from "./track.ts";

const options = z.strictObject({
  /** Label of the aliases in `match: {user_alias: …}`. */
  alias_label: z.string().min(1).optional(),
  /** Keep the members of a nested attribute that the new value does not have. */
  merge_objects: z.boolean().default(false),
});
type UserOptions = z.output<typeof options>;
type UserCtx = TargetCtx<BrazeAccount, UserOptions>;

/** Two requests of attributes, or three deletions or look-ups: nothing is sent half full. */
const maxRows = 150;

/** User profiles: standard and custom attributes. NULL is written as null, which removes the attribute; a skipped one is left out. */
export const user: Target<BrazeAccount, UserOptions> = {
  description: "User profiles, with standard and custom attributes",
  kind: "records",
  options,
  identifiers,
  needsMatch: true,
  fields: { known: standardFields, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "update", "remove"],
  onlyIfEmpty: false,
  object: () => "user",
  shape(to, sync) {
    checkUserSync(to, sync);
    return {
      batch: { maxRows, maxBytes: maxBatchBytes, mixedOps: true },
      // The same attributes set twice are the same attributes.
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests(_to, sync) {
    const written = sync.plannedRows - sync.removes;
    const asked = sync.mode === "update" ? Math.ceil(written / maxExported) : 0;
    return Math.ceil(written / 75) + asked + Math.ceil(sync.removes / maxDeleted);
  },
  discover,
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? remove(batch, ctx) : write(batch, ctx)),
};

function checkUserSync(to: UserOptions, sync: TargetSync): void {
  const { by } = identityOf(to, sync);
  if (sync.mode === "remove" && !deletedBy.has(by)) {
    throw new ConfigError(`sync "${sync.name}": Braze users are not deleted by ${by}: several profiles may have it`, {
      hint: `Match by one of ${[...deletedBy].join(", ")}.`,
    });
  }
  const reserved = sync.fields.find((name) => /^[_$]|^(external_id|braze_id|user_alias)$/.test(name));
  if (reserved !== undefined) {
    throw new ConfigError(`sync "${sync.name}": "${reserved}" is not an attribute that Braze lets set`, {
      hint: "Identifiers go into `match`; names that begin with _ or $ have a meaning of their own.",
    });
  }
  if (sync.mode === "update" && by !== "external_id") {
    throw new ConfigError(`sync "${sync.name}": mode update needs match by external_id`, {
      hint: "Braze can be asked for many users at once by external_id only; match by it, or use mode upsert.",
    });
  }
}

async function write(batch: Batch, ctx: UserCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const identity = identityOf(ctx.options, ctx.sync);
  const rows = identified(batch.changes, identity.by, fates, foldedBy(identity.by));
  const there = batch.writes === "update" ? await existing(ctx, rows) : null;
  const tracked: Tracked[] = [];
  for (const row of rows) {
    const { seq } = row.change;
    const long = longText(row.change.fields, maxTextLength);
    if (there !== null && !there.has(row.value)) fates.set(seq, notFound);
    else if (long !== null) fates.set(seq, tooLong(long));
    else tracked.push({ seq, object: toAttributes(row, identity, batch.writes, ctx.options) });
  }
  for (let from = 0; from < tracked.length; from += ctx.account.objects_per_request) {
    await track(ctx, "attributes", tracked.slice(from, from + ctx.account.objects_per_request), fates);
  }
  return settled(batch.changes, fates, missing);
}

async function remove(batch: Batch, ctx: UserCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const identity = identityOf(ctx.options, ctx.sync);
  if (!deletedBy.has(identity.by)) {
    throw new TargetInvalid(`Braze users are not deleted by ${identity.by}: several profiles may have it`, {
      hint: "Match by external_id, or let leavers have attributes set: `when_removed: {set: {Name: null}}`.",
    });
  }
  await removeUsers(ctx, identity, identified(batch.changes, identity.by, fates, foldedBy(identity.by)), fates);
  return settled(batch.changes, fates, missing);
}

/** https://www.braze.com/docs/api/objects_filters/user_attributes_object/ */
export function toAttributes(
  { change, value }: Pick<Identified, "value"> & { readonly change: Change },
  identity: Identity,
  writes: Batch["writes"],
  to: Pick<UserOptions, "merge_objects">,
): Row {
  return {
    ...change.fields,
    ...identifying(change, identity, value),
    ...(writes === "update" ? { _update_existing_only: true } : {}),
    // Without it Braze makes no user for an alias that nobody has.
    ...(writes !== "update" && identity.by === "user_alias" ? { _update_existing_only: false } : {}),
    ...(to.merge_objects ? { _merge_objects: true } : {}),
  };
}

const tooLong = (field: string) =>
  rejected("TEXT_TOO_LONG", `${field} has more than ${maxTextLength} characters, which Braze would cut off`);
