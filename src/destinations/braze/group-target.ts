import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { Target } from "../connector.ts";
import { accepted, type Fates, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import type { BrazeAccount } from "./account.ts";
import { post } from "./api.ts";
import { missing } from "./track.ts";

const options = z.strictObject({
  /** The group's API identifier. https://www.braze.com/docs/api/identifier_types/?tab=subscription%20group%20ids */
  group: z.string().trim().min(1),
});

/** https://www.braze.com/docs/api/endpoints/subscription_groups/post_update_user_subscription_group_status_v2/ */
const maxUsers = 50;
const names: Readonly<Record<string, string>> = { external_id: "external_ids", email: "emails", phone: "phones" };

const statusReply = z.object({ message: z.string().nullish(), errors: z.array(z.unknown()).nullish() });

/** Members of one subscription group: who is added is subscribed, who is removed is unsubscribed from this group and no other. */
export const subscriptionGroup: Target<BrazeAccount, z.output<typeof options>> = {
  description: "Members of one subscription group; a removal unsubscribes from that group only",
  kind: "list",
  options,
  identifiers: Object.keys(names),
  needsMatch: true,
  fields: { known: {}, others: "refused" },
  ops: ["add", "update", "remove"],
  modes: ["mirror", "upsert", "remove"],
  onlyIfEmpty: false,
  object: (to) => `subscription_group/${to.group}`,
  shape(_to, sync) {
    if (sync.match.length > 1) {
      throw new ConfigError(`sync "${sync.name}": a subscription is set by one of ${Object.keys(names).join(", ")}`, {
        hint: "Keep one of them in `match`.",
      });
    }
    return {
      batch: { maxRows: maxUsers, mixedOps: true },
      resend: "idempotent",
      // One refused address refuses the request.
      outcome: "per-batch",
      contents: "changes",
    };
  },
  requests: (_to, sync) => Math.ceil((sync.plannedRows - sync.removes) / maxUsers) + Math.ceil(sync.removes / maxUsers),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const by = ctx.sync.match[0] ?? "external_id";
    const rows = identified(batch.changes, by, fates, by === "email" ? lowered : undefined);
    if (rows.length === 0) return settled(batch.changes, fates, missing);
    const group = {
      subscription_group_id: ctx.options.group,
      subscription_state: batch.changes[0]?.op === "remove" ? "unsubscribed" : "subscribed",
      [names[by] ?? by]: rows.map((row) => row.value),
    };
    const { body } = await post(ctx, {
      scope: "subscription",
      permission: "subscription.status.set",
      path: "/v2/subscription/status/set",
      json: { subscription_groups: [group] },
      expect: statusReply,
    });
    // Braze confirms the request and no row.
    const taken = body.message === "success" && (body.errors ?? []).length === 0;
    if (taken) for (const { change } of rows) fates.set(change.seq, accepted);
    return settled(batch.changes, fates, missing);
  },
};
