import { z } from "zod";
import { TargetInvalid } from "../../core/delivery-errors.ts";
import { ConfigError } from "../../core/errors.ts";
import type { BatchResult } from "../../core/result.ts";
import type { Value } from "../../core/value.ts";
import type { Batch, Target, TargetCtx, TargetSync } from "../connector.ts";
import { delivered, type Fates, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { byLoweredValue } from "../named-rows.ts";
import { oneByOne } from "../one-by-one.ts";
import type { SendgridAccount } from "./account.ts";
import { ask, type Ctx, callBlind, callJson } from "./api.ts";

const options = z.strictObject({
  /** An unsubscribe group by name or id, or `global`: no email at all. */
  group: z.union([z.string().trim().min(1), z.int().transform(String)]),
  /** Removals end the suppression, also one that the person asked for: email is sent to them again. */
  lift: z.boolean().default(false),
});
type SuppressionOptions = z.output<typeof options>;
type SuppressionCtx = TargetCtx<SendgridAccount, SuppressionOptions>;

/** No figure is published: conservative. */
const maxEmails = 1_000;

/** Addresses that get no email, of one unsubscribe group or at all. */
export const suppression: Target<SendgridAccount, SuppressionOptions> = {
  description: "Addresses that get no email of an unsubscribe group, or none at all (group: global)",
  kind: "list",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: {}, others: "refused" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "insert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `suppression/${to.group}`,
  shape(to, sync) {
    if (!to.lift && (sync.mode === "mirror" || sync.mode === "remove")) {
      throw new ConfigError(`sync "${sync.name}": mode ${sync.mode} ends suppressions, also those people asked for`, {
        hint: "Use mode upsert, or say that email may be sent to them again: `to: {lift: true}`.",
      });
    }
    return {
      batch: { maxRows: maxEmails, mixedOps: true },
      resend: "idempotent",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (to, sync) => suppressionRequests(to, sync),
  prepare: async (ctx) => ({ group: await findGroup(ctx, ctx.options.group) }),
  send: (batch, ctx) => (batch.changes[0]?.op === "remove" ? lift(batch, ctx) : suppress(batch, ctx)),
};

/** Every request to a group is preceded by a look whether it is there. */
function suppressionRequests(to: SuppressionOptions, sync: TargetSync): number {
  const requests = Math.ceil((sync.plannedRows - sync.removes) / maxEmails);
  return requests * (to.group === "global" ? 1 : 2) + sync.removes;
}

const groups = z.array(z.object({ id: z.number(), name: z.string() }));

async function findGroup(ctx: Ctx, wanted: string): Promise<string> {
  if (wanted === "global") return wanted;
  const { body } = await ask(ctx, { path: "/v3/asm/groups", scope: "asm.groups.read", expect: groups });
  const found = body.find((group) => group.name === wanted || String(group.id) === wanted);
  if (found !== undefined) return String(found.id);
  throw new TargetInvalid(`SendGrid has no unsubscribe group "${wanted}"`, {
    hint: "Check the name or id in `to: {group: …}`, or write `global`.",
  });
}

const state = z.object({ group: z.string() });

function groupPath(prepared: Value): string {
  const group = state.safeParse(prepared).data?.group;
  if (group === undefined) {
    throw new TargetInvalid("the unsubscribe group of this sync has not been looked up", {
      hint: "Run the sync again.",
    });
  }
  return group === "global" ? "/v3/asm/suppressions/global" : `/v3/asm/groups/${group}/suppressions`;
}

const suppressed = z.object({ recipient_emails: z.array(z.string()) });

async function suppress(batch: Batch, ctx: SuppressionCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, "email", fates, lowered);
  const path = groupPath(ctx.state);
  // What is added to a group that is gone is suppressed globally.
  // https://www.twilio.com/docs/sendgrid/api-reference/suppressions-suppressions/add-suppressions-to-a-suppression-group
  if (rows.length > 0 && ctx.options.group !== "global") await findGroup(ctx, ctx.options.group);
  if (rows.length > 0) {
    const { body } = await callJson(ctx, {
      method: "POST",
      path,
      scope: "asm.groups.suppressions.create",
      json: { recipient_emails: rows.map((row) => row.value) },
      expect: suppressed,
    });
    const named = byLoweredValue(rows);
    for (const email of body.recipient_emails) {
      const row = named.get(lowered(email));
      if (row !== undefined) fates.set(row.change.seq, delivered());
    }
  }
  return settled(batch.changes, fates, resultMissing("SendGrid"));
}

async function lift(batch: Batch, ctx: SuppressionCtx): Promise<BatchResult> {
  const fates: Fates = new Map();
  const rows = identified(batch.changes, "email", fates, lowered);
  const path = groupPath(ctx.state);
  await oneByOne(rows, 3, fates, async (row) => {
    await callBlind(ctx, {
      method: "DELETE",
      path: `${path}/${encodeURIComponent(row.value)}`,
      scope: "asm.groups.suppressions.delete",
      // Not suppressed: nothing to lift.
      accept: [404],
    });
    return delivered();
  });
  return settled(batch.changes, fates, resultMissing("SendGrid"));
}
