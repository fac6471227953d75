import { z } from "zod";
import type { RowFate } from "../../core/result.ts";
import { delivered, type Fates, rejected } from "../fates.ts";
import { type Identified, lowered } from "../identified.ts";
import { byLoweredValue } from "../named-rows.ts";
import { fieldName } from "./errors.ts";

const member = z.object({ email_address: z.string() });

/** https://mailchimp.com/developer/marketing/api/lists/batch-subscribe-or-unsubscribe/ */
export const batchReply = z.object({
  new_members: z.array(z.unknown()),
  updated_members: z.array(z.unknown()),
  errors: z.array(z.unknown()),
});

const rowError = z.object({
  email_address: z.string(),
  error: z.string().nullish(),
  error_code: z.string().nullish(),
  field: z.string().nullish(),
});
type RowError = z.output<typeof rowError>;

/** Rows are told by their address. Who is named by nothing, or both as written and as refused, is tried again. */
export function readBatch(
  rows: readonly Identified[],
  writes: "upsert" | "insert",
  body: z.output<typeof batchReply>,
): Fates {
  const fates: Fates = new Map();
  const named = byLoweredValue(rows);
  for (const raw of [...body.new_members, ...body.updated_members]) {
    const row = named.get(lowered(member.safeParse(raw).data?.email_address ?? ""));
    if (row !== undefined) fates.set(row.change.seq, delivered());
  }
  for (const raw of body.errors) {
    const error = rowError.safeParse(raw).data;
    const row = named.get(lowered(error?.email_address ?? ""));
    if (error === undefined || row === undefined) continue;
    if (fates.get(row.change.seq)?.status === "delivered") fates.delete(row.change.seq);
    else fates.set(row.change.seq, errorFate(error, writes));
  }
  return fates;
}

/** Error texts quote the address: only what they are about is told. */
function errorFate(error: RowError, writes: "upsert" | "insert"): RowFate {
  const text = error.error ?? "";
  if (error.error_code === "ERROR_CONTACT_EXISTS" && writes === "insert") return delivered();
  if (/compliance state|unsubscrib|bounce/i.test(text)) return unsubscribed;
  if (/permanently deleted|forgotten/i.test(text)) return forgotten;
  if (error.error_code !== "ERROR_GENERIC" && error.error_code !== "ERROR_CONTACT_EXISTS") return unclear;
  const field = fieldName(error.field);
  if (field !== null) return rejected("INVALID_FIELD", `Mailchimp refused the value of ${field}`);
  return rejected(error.error_code, "Mailchimp refused the member");
}

export const unsubscribed = rejected(
  "UNSUBSCRIBED",
  "this person has unsubscribed or bounced: only they themselves can subscribe again",
);

const forgotten = rejected(
  "FORGOTTEN",
  "this person was permanently deleted: only they themselves can subscribe again",
);

const unclear: RowFate = {
  status: "retry",
  code: "UNREADABLE_RESULT",
  message: "Mailchimp names the member with an error that its documentation does not have",
};
