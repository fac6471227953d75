import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import type { RowFate } from "../../core/result.ts";
import { type Fates, rejected, retried } from "../fates.ts";
import { foldedBy, type Identifier } from "./identity.ts";

const names = z.array(z.string()).nullish();

/** Of bulkUpdate, subscribe, unsubscribe and trackBulk. https://api.iterable.com/api/docs */
export const bulkReply = z.object({
  successCount: z.int().nullish(),
  failCount: z.int().nullish(),
  failedUpdates: z.record(z.string(), z.unknown()).nullish(),
  invalidEmails: names,
  invalidUserIds: names,
  filteredOutFields: names,
  disallowedEventNames: names,
});
type BulkReply = z.output<typeof bulkReply>;

export interface SentRow {
  readonly seq: number;
  readonly value: string;
}

const reasons: Readonly<Record<string, RowFate>> = {
  invalid: rejected("INVALID_IDENTIFIER", "Iterable refused the email or userId"),
  invalidData: rejected(
    "INVALID_DATA",
    "Iterable refused a field's value: its type differs from the one the field has",
  ),
  forgotten: rejected("FORGOTTEN", "the user asked to be forgotten, and Iterable takes no data about them"),
  conflict: rejected("CONFLICT", "another user of the project has this email or userId"),
  notFound: rejected("NOT_FOUND", "Iterable has no user with this email or userId"),
};

/**
 * Fates by the buckets that hold identifiers (invalidEmails, forgottenUserIds, …). Everybody else succeeded only if the
 * counts leave nobody over: a failure that names nobody we sent puts all of them in doubt.
 */
export function bulkFates(rows: readonly SentRow[], by: Identifier, body: BulkReply, success: RowFate): Fates {
  const fates: Fates = new Map();
  const fold = foldedBy(by);
  const seqs = new Map<string, number[]>();
  for (const { seq, value } of rows) seqs.set(fold(value), [...(seqs.get(fold(value)) ?? []), seq]);
  const suffix = by === "email" ? "Emails" : "UserIds";
  const deprecated = by === "email" ? { invalidEmails: body.invalidEmails } : { invalidUserIds: body.invalidUserIds };
  for (const [bucket, listed] of Object.entries({ ...deprecated, ...body.failedUpdates })) {
    const read = names.safeParse(listed).data ?? [];
    for (const name of read) {
      const fate = bucket.endsWith(suffix)
        ? (reasons[bucket.slice(0, -suffix.length)] ?? unknownReason)
        : unknownReason;
      for (const seq of seqs.get(fold(name)) ?? []) fates.set(seq, fate);
    }
  }
  const { successCount, failCount } = body;
  const clear =
    successCount != null && failCount != null && failCount <= fates.size && successCount >= rows.length - fates.size;
  if (clear) for (const { seq } of rows) if (!fates.has(seq)) fates.set(seq, success);
  return fates;
}

const unknownReason = retried(
  "UNKNOWN_FAILURE",
  "Iterable failed to update the user for a reason it does not document",
);

/** Throws TargetInvalid where Iterable took the rows and dropped a field or an event's name without a word. */
export function checkDropped(body: BulkReply): void {
  const events = body.disallowedEventNames ?? [];
  if (events.length > 0) {
    throw new TargetInvalid("Iterable does not allow the event's name in this project", {
      hint: "Allow it in Iterable (Settings > Custom event settings), or name another one in `to: {event: …}`.",
    });
  }
  const [field] = body.filteredOutFields ?? [];
  if (field === undefined) return;
  throw new TargetInvalid(`Iterable dropped a field that the project does not have${named(field)}`, {
    hint: "Set `to: {create_new_fields: true}`, make the field in Iterable, or take it out of the mapping.",
  });
}

const named = (field: string): string => (/^[\w.]{1,100}$/.test(field) ? `: ${field}` : "");
