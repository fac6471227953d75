import { z } from "zod";
import type { Change } from "../../core/change.ts";
import type { Row } from "../../core/value.ts";
import type { Target } from "../connector.ts";
import { delivered, type Fates, notFound, resultMissing, settled } from "../fates.ts";
import { identified, lowered } from "../identified.ts";
import { onlyFields } from "../only-fields.ts";
import type { MailchimpAccount } from "./account.ts";
import { callBlind, memberPath } from "./api.ts";
import { audienceOption, findAudience, prepared } from "./audience.ts";

const options = z.strictObject({
  audience: audienceOption,
  /** https://mailchimp.com/developer/marketing/api/list-member-events/add-event/: 2 to 30 characters. */
  event: z.string().trim().min(2).max(30),
  /** Record without starting automations. */
  backfill: z.boolean().default(false),
});
type EventOptions = z.output<typeof options>;

const property = /^properties\.\w{1,100}$/;

/** What members did. A request each, and no id that would tell a repetition: never sent twice. */
export const event: Target<MailchimpAccount, EventOptions> = {
  description: "Events of members of an audience, one request each",
  kind: "stream",
  options,
  identifiers: ["email"],
  needsMatch: true,
  fields: { known: { occurred_at: "datetime" }, others: "allowed" },
  ops: ["add"],
  modes: ["append", "insert"],
  onlyIfEmpty: false,
  object: (to) => `audience/${to.audience}/event/${to.event}`,
  shape(_to, sync) {
    onlyFields(
      sync,
      "Mailchimp events",
      (name) => name === "occurred_at" || property.test(name),
      "Fields are occurred_at and properties.<name>.",
    );
    // One row a batch: what is unanswered is then exactly one event.
    return {
      batch: { maxRows: 1, mixedOps: true },
      resend: "once",
      outcome: "per-row",
      contents: "changes",
    };
  },
  requests: (_to, sync) => sync.plannedRows,
  prepare: async (ctx) => ({ audience: await findAudience(ctx, ctx.options.audience) }),
  async send(batch, ctx) {
    const fates: Fates = new Map();
    const { audience } = prepared(ctx.state);
    for (const { change, value: id } of identified(batch.changes, "email", fates, lowered)) {
      const { status } = await callBlind(ctx, {
        method: "POST",
        path: `${memberPath(audience, id)}/events`,
        json: toEvent(change, ctx.options),
        accept: [404],
      });
      fates.set(change.seq, status === 404 ? notFound : delivered());
    }
    return settled(batch.changes, fates, resultMissing("Mailchimp", "once"));
  },
};

/** Properties are texts. */
export function toEvent(change: Change, to: Pick<EventOptions, "event" | "backfill">): Row {
  const properties = Object.entries(change.fields).flatMap(([name, value]) =>
    name === "occurred_at" || value === null
      ? []
      : [[name.replace("properties.", ""), typeof value === "object" ? JSON.stringify(value) : String(value)]],
  );
  const at = change.fields.occurred_at ?? null;
  return {
    name: to.event,
    is_syncing: to.backfill,
    ...(at === null ? {} : { occurred_at: at }),
    properties: Object.fromEntries(properties) as Row,
  };
}
