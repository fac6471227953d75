import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Batch, Target } from "../connector.ts";
import { accepted, chunks, type Fates, resultMissing, settled } from "../fates.ts";
import type { SendgridAccount } from "./account.ts";
import { type Ctx, callJson } from "./api.ts";
import { customFieldIds, discoverFields, identifierNames, reserved } from "./fields.ts";
import { jobReply, pollJob } from "./job.ts";
import { idsToRemove, maxLookup } from "./lookup.ts";
import { maxBytes, maxContacts, upsertContacts, writeRequests } from "./write.ts";

const options = z.strictObject({});
type ContactOptions = z.output<typeof options>;

/** Contacts in no list, by one job per 30,000. */
export const contact: Target<SendgridAccount, ContactOptions> = {
  description: "Contacts with reserved and custom fields; when_removed: delete deletes the contact",
  kind: "records",
  options,
  identifiers: identifierNames,
  needsMatch: true,
  fields: { known: reserved, others: "allowed" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "update", "remove"],
  onlyIfEmpty: false,
  object: () => "contact",
  shape(_to, sync) {
    // Only addresses can be looked up a hundred at a time.
    if (sync.mode !== "upsert" && sync.match.length > 0 && !sync.match.includes("email")) {
      throw new ConfigError(`sync "${sync.name}": mode ${sync.mode} needs email in \`match\``, {
        hint: "SendGrid contacts are looked up by email; use mode upsert for contacts without one.",
      });
    }
    return {
      batch: { maxRows: maxContacts, maxBytes, mixedOps: true },
      resend: "idempotent",
      outcome: "per-batch",
      contents: "changes",
    };
  },
  requests: (_to, sync) => writeRequests(sync) + 2 * Math.ceil(sync.removes / maxLookup),
  prepare: async (ctx) => ({ custom: await customFieldIds(ctx) }),
  discover: discoverFields,
  send: (batch, ctx) =>
    batch.changes[0]?.op === "remove" ? deleteContacts(batch, ctx) : upsertContacts(batch, ctx, []),
  poll: pollJob,
};

async function deleteContacts(batch: Batch, ctx: Ctx): Promise<BatchResult> {
  const fates: Fates = new Map();
  await deleteByEmail(ctx, batch.changes, fates);
  return settled(batch.changes, fates, resultMissing("SendGrid"));
}

/** The deletion is a job that names nobody. https://www.twilio.com/docs/sendgrid/api-reference/contacts/delete-contacts */
export async function deleteByEmail(ctx: Ctx, changes: Batch["changes"], fates: Fates): Promise<void> {
  const rows = await idsToRemove(ctx, changes, fates);
  for (const part of chunks(rows, maxLookup)) {
    await callJson(ctx, {
      method: "DELETE",
      path: "/v3/marketing/contacts",
      scope: "marketing",
      query: { ids: [...new Set(part.map((row) => row.id))].join(",") },
      expect: jobReply,
    });
    for (const { seq } of part) fates.set(seq, accepted);
  }
}
